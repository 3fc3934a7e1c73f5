// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/str.h"

static const char *program = "skep";
static enum log_level shown = LOG_INFO;

void log_set_name(const char *name)
{
	program = name;
}

void log_set_level(enum log_level level)
{
	shown = level;
}

enum log_level log_get_level(void)
{
	return shown;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	_strbuf_ struct strbuf text = {}, line = {};
	const char *mark = level == LOG_WARN ? "warning: " : level >= LOG_DEBUG ? "debug: " : "";
	va_list ap;

	if (level > shown)
		return;
	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	while (text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	strbuf_addf(&line, "%s: %s", program, mark);
	strbuf_add_escaped(&line, strbuf_str(&text), text.len);
	strbuf_addc(&line, '\n');
	fwrite(strbuf_str(&line), 1, line.len, stderr);
}
