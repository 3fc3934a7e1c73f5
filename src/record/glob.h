/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shell patterns over bytes: * ? [a-z] [!a] and \, as fnmatch(3) with no flags. Not fnmatch itself,
 * because that wants terminated text, allocates, and matches nothing at all against text that is not
 * valid in the locale. `?` and a set take one UTF-8 character, or one byte where there is none. Time is
 * at most the product of both lengths.
 */
#pragma once

#include "base/util.h"

bool glob_matches(const char *pattern, size_t pattern_len, const char *text, size_t text_len,
		  bool ignore_case);
