// SPDX-License-Identifier: GPL-2.0-or-later
/* The section `defaults:`: options of commands, as if they stood first on the command line. */
#include "base/options.h"
#include "config/config.h"
#include "config/reader.h"

struct apply {
	const char *command;
	const struct option_spec *table;
	void *options;
	const char *name; /* of the option that a list belongs to */
};

static int set_option(struct config_node node, void *context, struct error *err)
{
	const struct apply *a = context;
	const char *value = NULL;
	int r = config_text(node, a->name, &value, err);

	if (r)
		return r;
	r = option_set(a->table, a->options, a->name, value, err);
	return r ? config_complain_wrap(node, err) : 0;
}

static int nearest_option(const struct option_spec *o, size_t offset, void *context)
{
	struct str_nearest *nearest = context;

	(void)offset;
	if (!o->name)
		return 0;
	str_nearest_offer(nearest, o->name);
	return str_eq(o->name, nearest->word);
}

static int apply_option(struct config_node key, struct config_node value, void *context,
			struct error *err)
{
	struct apply *a = context;
	struct str_nearest nearest = { .word = config_key_text(key) };
	bool is_list;

	if (!options_each(a->table, 0, nearest_option, &nearest))
		return config_complain_unknown(key, &nearest, err);
	a->name = nearest.word;
	/* what stands in the file replaces the preset */
	is_list = option_clear(a->table, a->options, a->name);
	if (is_list && value.node->type == YAML_SEQUENCE_NODE)
		return config_list_each(value, a->name, set_option, a, err);
	return set_option(value, a, err);
}

static int apply_command(struct config_node key, struct config_node value, void *context,
			 struct error *err)
{
	const struct apply *a = context;

	if (!str_eq(config_key_text(key), a->command))
		return 0;
	return config_map_each(value, a->command, apply_option, context, err);
}

int config_defaults_apply(const struct config *config, const char *command,
			  const struct option_spec *table, void *options, struct error *err)
{
	struct apply a = { .command = command, .table = table, .options = options };

	if (!config->defaults.node)
		return 0;
	return config_map_each(config->defaults, "defaults", apply_command, &a, err);
}

static int check_command(struct config_node key, struct config_node value, void *context,
			 struct error *err)
{
	struct str_nearest nearest = { .word = config_key_text(key) };

	(void)value;
	for (const char *const *name = context; *name; name++) {
		if (str_eq(*name, nearest.word))
			return 0;
		str_nearest_offer(&nearest, *name);
	}
	return config_complain_unknown(key, &nearest, err);
}

int config_defaults_check(const struct config *config, const char *const *names, struct error *err)
{
	if (!config->defaults.node)
		return 0;
	return config_map_each(config->defaults, "defaults", check_command, (void *)names, err);
}
