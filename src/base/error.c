// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static void message_set(struct error *err, int code, const char *fmt, va_list ap)
{
	err->code = code;
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
}

int error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	message_set(err, code, fmt, ap);
	va_end(ap);
	return code;
}

int error_errno(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	if (!err)
		return code;
	va_start(ap, fmt);
	message_set(err, code, fmt, ap);
	va_end(ap);
	len = strlen(err->message);
	snprintf(err->message + len, sizeof(err->message) - len, ": %s", strerror(-code));
	return code;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	char inner[sizeof(err->message)];
	va_list ap;
	size_t len;

	if (!err)
		return -EINVAL;
	memcpy(inner, err->message, sizeof(inner));
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	len = strlen(err->message);
	snprintf(err->message + len, sizeof(err->message) - len, ": %s", inner);
	return err->code;
}

const char *errno_name(int number)
{
	static char unknown[16];
	const char *name;

	if (number < 0)
		number = -number;
	name = strerrorname_np(number);
	if (name)
		return name;
	snprintf(unknown, sizeof(unknown), "E%d", number);
	return unknown;
}
