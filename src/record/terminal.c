// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/ioctl.h>

#include "base/num.h"
#include "record/sink.h"

static unsigned int from_environment(const char *name)
{
	const char *text = getenv(name);
	uint64_t value = 0;

	if (!text || num_parse(text, 1, 10000, &value, NULL))
		return 0;
	return (unsigned int)value;
}

struct terminal_size terminal_size(int fd)
{
	bool terminal = isatty(fd);
	struct terminal_size size = {};
	struct winsize ws = {};

	if (terminal && !ioctl(fd, TIOCGWINSZ, &ws)) {
		size.columns = ws.ws_col;
		size.rows = ws.ws_row;
	}
	/* a serial line has no size of its own */
	if (!size.columns)
		size.columns = from_environment("COLUMNS");
	if (terminal && !size.rows)
		size.rows = from_environment("LINES");
	if (terminal && !size.columns)
		size.columns = 80;
	if (terminal && !size.rows)
		size.rows = 24;
	return size;
}

bool terminal_can_redraw(void)
{
	const char *term = getenv("TERM");

	return term && *term && !str_eq(term, "dumb");
}

bool terminal_has_colour(void)
{
	/* no-color.org: set, and not empty */
	const char *no_color = getenv("NO_COLOR");

	return terminal_can_redraw() && !(no_color && *no_color);
}
