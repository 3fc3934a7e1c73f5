/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for people, on stderr, one line each: "skep flows: text". Only commands log; libraries
 * return a struct error (or log at debug). Control characters in the text are escaped.
 */
#pragma once

#include "base/util.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };

/* What stands in front of each line: "skep" until set. The string must outlive the program. */
void log_set_name(const char *name);
/* Shows this level and all that are graver; LOG_INFO until set. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
