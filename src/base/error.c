// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"

/* The arguments may point into the old message: it is replaced last. */
static void message_set(struct error *err, int code, const char *fmt, va_list ap)
{
	char message[sizeof(err->message)];

	vsnprintf(message, sizeof(message), fmt, ap);
	memcpy(err->message, message, sizeof(message));
	err->code = code;
}

void error_message(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	message_set(err, code, fmt, ap);
	va_end(ap);
}

void error_message_errno(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	if (!err)
		return;
	va_start(ap, fmt);
	message_set(err, code, fmt, ap);
	va_end(ap);
	len = strlen(err->message);
	snprintf(err->message + len, sizeof(err->message) - len, ": %s", strerror(-code));
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	char message[sizeof(err->message)];
	va_list ap;
	size_t len;

	if (!err)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	len = strlen(message);
	str_copy(message + len, sizeof(message) - len, ": ");
	len = strlen(message);
	str_copy(message + len, sizeof(message) - len, err->message);
	memcpy(err->message, message, sizeof(message));
	return err->code;
}

const char *errno_name(int number)
{
	static char unknown[16];
	unsigned int positive = number < 0 ? 0U - (unsigned int)number : (unsigned int)number;
	const char *name = strerrorname_np((int)positive);

	if (name)
		return name;
	snprintf(unknown, sizeof(unknown), "E%u", positive);
	return unknown;
}
