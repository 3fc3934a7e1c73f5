/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that can't be used safely. Force-included in all user-space code of the product. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* glibc makes macros of these under clang and _FORTIFY_SOURCE */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok asctime ctime gmtime localtime
#pragma GCC poison atoi atol atoll tmpnam tempnam mktemp
