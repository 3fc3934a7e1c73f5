/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * skep.yaml. Nodes keep their marks, so every complaint has file:line:column. Duplicate and unknown
 * keys, aliases, tags, more than one document, files over 4 MiB, depth over 32 and more than 100,000
 * nodes are refused.
 *
 * Today's only section:
 *	defaults:
 *	  flows: {interval: 2s, output: wide}
 * = options of a command, by their long names, as if they stood first on its command line.
 * Looked for in --config FILE, $SKEP_CONFIG, then /etc/skep/skep.yaml (the last may be absent).
 */
#pragma once

#include "base/cleanup.h"
#include "base/error.h"

struct config;

int config_load_file(const char *path, struct config **ret, struct error *err);
/* `name` stands in complaints. */
int config_load_text(const char *text, size_t len, const char *name, struct config **ret,
		     struct error *err);
void config_free(struct config *config);
CLEANUP_DEFINE(config, struct config, config_free)

struct option_spec;
/*
 * Applies `defaults: COMMAND:` to an options struct, with positions in complaints. Values are
 * scalars or, for list options, sequences of scalars. Strings stay owned by the config, which must
 * outlive `options`.
 */
int config_defaults_apply(const struct config *config, const char *command,
			  const struct option_spec *table, void *options, struct error *err);
/* Checks that each name under `defaults:` is one of `names` (ends in NULL); the nearest is named in
 * the complaint. */
int config_defaults_check(const struct config *config, const char *const *names, struct error *err);
