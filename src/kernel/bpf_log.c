// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/bpf_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "base/log.h"
#include "base/str.h"

/* libbpf has one print function for the whole process, so this is one for the process, too. */
static char reason[240];
static bool from_verifier;

/* "prog 'name'" in front of a message, so that a verifier's line says whose it is. */
static size_t program_prefix(const char *text)
{
	const char *end = str_starts(text, "prog '") ? strstr(text, "': ") : NULL;

	return end ? (size_t)(end + 3 - text) : 0;
}

/*
 * "prog 'x': -- BEGIN PROG LOAD LOG --\n<log>processed 9 insns ...\n-- END PROG LOAD LOG --": the
 * complaint is the last line before the statistics.
 */
static bool verifier_line(const char *text, const char **ret, size_t *ret_len)
{
	const char *line = strstr(text, "-- BEGIN PROG LOAD LOG --\n");
	bool found = false;

	if (!line)
		return false;
	for (line = strchr(line, '\n') + 1; *line; line++) {
		size_t len = strcspn(line, "\n");

		if (str_starts(line, "processed ") || str_starts(line, "-- END PROG"))
			break;
		if (len) {
			*ret = line;
			*ret_len = len;
			found = true;
		}
		line += len;
		if (!*line)
			break;
	}
	return found;
}

static void keep(const char *text)
{
	size_t prefix = program_prefix(text), len;
	const char *line;

	if (verifier_line(text, &line, &len)) {
		if (!from_verifier)
			snprintf(reason, sizeof(reason), "%.*s%.*s", (int)prefix, text, (int)len,
				 line);
		from_verifier = true;
	} else if (!reason[0] && !strstr(text, "-- BEGIN PROG LOAD LOG --")) {
		/* The first one is the cause; what follows is who passes it on. */
		snprintf(reason, sizeof(reason), "%.*s", (int)strcspn(text, "\n"), text);
	}
}

static int print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	_strbuf_ struct strbuf text = {};
	const char *plain;

	if (level != LIBBPF_WARN && log_get_level() < LOG_TRACE)
		return 0;
	strbuf_vaddf(&text, fmt, ap);
	plain = strbuf_str(&text);
	if (str_starts(plain, "libbpf: "))
		plain += strlen("libbpf: ");
	if (level == LIBBPF_WARN)
		keep(plain);
	log_line(level == LIBBPF_WARN ? LOG_DEBUG : LOG_TRACE, "libbpf: %s", plain);
	return 0;
}

void bpf_log_init(void)
{
	libbpf_set_print(print);
}

void bpf_log_clear(void)
{
	bpf_log_init();
	reason[0] = '\0';
	from_verifier = false;
}

const char *bpf_log_reason(void)
{
	return reason;
}

const char *kernel_btf_path(void)
{
	const char *path = getenv("SKEP_BTF");

	return path && *path ? path : NULL;
}
