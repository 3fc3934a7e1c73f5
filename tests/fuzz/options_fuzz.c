// SPDX-License-Identifier: GPL-2.0-or-later
/* A command line from bytes: words end at NUL bytes. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MOST = 64 };

struct inner {
	uint64_t number, bytes, time_ns;
	int choice;
};

struct sample {
	bool flag, file;
	unsigned int count;
	const char *text;
	struct inner inner;
	struct option_list list;
};

static const char *const choices[] = { "table", "json", NULL };

static const struct option_spec inner_table[] = {
	OPTION_U64('n', "number", struct inner, number, "N", "3", "", .max = 100),
	OPTION_SIZE('b', "bytes", struct inner, bytes, "SIZE", "4k", ""),
	OPTION_DURATION(0, "time", struct inner, time_ns, "TIME", "1s", ""),
	OPTION_CHOICE('o', "choice", struct inner, choice, "NAME", choices, "json", ""), OPTION_END
};

static const struct option_spec table[] = {
	OPTION_FLAG('f', "flag", struct sample, flag, ""),
	OPTION_FLAG(0, "file", struct sample, file, ""),
	OPTION_COUNT('v', "count", struct sample, count, ""),
	OPTION_STRING('t', "text", struct sample, text, "TEXT", ""),
	OPTION_INCLUDE(inner_table, struct sample, inner),
	OPTION_LIST('l', "list", struct sample, list, "NAMES", "", .preset = "a,b"),
	OPTION_END
};

static void check(const struct sample *s, int argc, char **argv, int count)
{
	if (s->inner.number > 100 || s->inner.choice < 0 || s->inner.choice > 1)
		abort();
	if (count < 0 || count > argc - 1)
		abort();
	for (int i = 1; i <= count; i++) {
		if (strlen(argv[i]) > SIZE_MAX / 2)
			abort();
	}
	for (size_t i = 0; i < s->list.count; i++) {
		if (!*s->list.values[i])
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_free_ char *text = malloc(size + 1);
	char *argv[WORDS_MOST + 1] = { (char *)"fuzz" };
	struct sample s = {};
	struct error err = {};
	int argc = 1, count = 0, r;
	bool help = false;

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	for (size_t at = 0; at < size && argc < WORDS_MOST; at += strlen(text + at) + 1)
		argv[argc++] = text + at;
	if (options_preset(table, &s, &err))
		abort();
	if (options_leading(table, argc, argv) > argc - 1)
		abort();
	r = options_parse(table, &s, argc, argv, &count, &help, &err);
	if (r && (!*err.message || err.code != r))
		abort();
	if (!r && !help)
		check(&s, argc, argv, count);
	options_free(table, &s);
	return 0;
}
