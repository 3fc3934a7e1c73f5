/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error object: a negative errno and a message for a person, with its context in front
 * ("rules.yaml:12:9: dport 70000: not between 0 and 65535"). A function that can fail takes a
 * `struct error *` last and returns 0 or the negative errno; libraries never print. `err` may be
 * NULL.
 */
#pragma once

#include "base/util.h"

struct error {
	int code;	   /* negative errno; 0: no error */
	char message[480]; /* always terminated; one line */
};

/*
 * Sets code and message; gives code, so that `return error_set(err, -EINVAL, ...)` reads well. A
 * macro, so that compiler and analyzer see which value the caller returns.
 */
#define error_set(err, code, ...)                               \
	({                                                      \
		int error_code_ = (code);                       \
		error_message((err), error_code_, __VA_ARGS__); \
		error_code_;                                    \
	})

/* As error_set, with ": <strerror(-code)>" behind the message. */
#define error_errno(err, code, ...)                                   \
	({                                                            \
		int error_code_ = (code);                             \
		error_message_errno((err), error_code_, __VA_ARGS__); \
		error_code_;                                          \
	})

void error_message(struct error *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
void error_message_errno(struct error *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * Puts "context: " in front of the message that is there; returns its code (-EINVAL when err is
 * NULL: keep the code yourself where it matters).
 */
int error_wrap(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "ECONNREFUSED" for 111 or -111; "E123" for an unknown number. Points to static storage. */
const char *errno_name(int number);
