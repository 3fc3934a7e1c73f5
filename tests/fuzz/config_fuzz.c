// SPDX-License-Identifier: GPL-2.0-or-later
/* skep.yaml from bytes: load, check, apply to a table with an option of each type. */
#include <stdlib.h>

#include "base/options.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sample {
	bool flag;
	unsigned int count;
	const char *text;
	uint64_t number, bytes, time_ns;
	int choice;
	struct option_list list;
};

static const char *const choices[] = { "table", "json", NULL };

static const struct option_spec table[] = {
	OPTION_FLAG('f', "flag", struct sample, flag, ""),
	OPTION_COUNT('c', "count", struct sample, count, ""),
	OPTION_STRING('t', "text", struct sample, text, "TEXT", ""),
	OPTION_U64('n', "number", struct sample, number, "N", "3", "", .max = 100),
	OPTION_SIZE('b', "bytes", struct sample, bytes, "SIZE", "4k", ""),
	OPTION_DURATION('d', "time", struct sample, time_ns, "TIME", "1s", ""),
	OPTION_CHOICE('o', "choice", struct sample, choice, "NAME", choices, "json", ""),
	OPTION_LIST('l', "list", struct sample, list, "NAMES", "", .preset = "a,b"),
	OPTION_END
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "flows", "doctor", NULL };
	CLEANUP(config_cleanup) struct config *config = NULL;
	struct sample s = {};
	struct error err = {};

	if (config_load_text((const char *)data, size, "fuzz.yaml", &config, &err)) {
		/* every complaint says where */
		if (strncmp(err.message, "fuzz.yaml:", 10))
			abort();
		return 0;
	}
	config_defaults_check(config, names, &err);
	if (options_preset(table, &s, &err))
		abort();
	if (!config_defaults_apply(config, "flows", table, &s, &err) &&
	    (s.number > 100 || s.choice > 1 || s.choice < 0))
		abort();
	options_free(table, &s);
	return 0;
}
