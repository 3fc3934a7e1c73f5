/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the loaded document by tables. A section of skep.yaml is one row in config.c's table; its
 * reader goes down with config_map_read (keys known beforehand), config_map_each (names of the
 * user's) and config_list_each. Each complaint is -EINVAL and begins with file:line:column.
 */
#pragma once

#include <yaml.h>

#include "base/error.h"
#include "base/str.h"

struct config;

/* A place in the document; valid as long as its config. */
struct config_node {
	const struct config *config;
	const yaml_node_t *node;
};

/* "skep.yaml:3:5: message"; returns -EINVAL. */
int config_complain(struct config_node node, struct error *err, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* As above, for a message that is in `err` already. */
int config_complain_wrap(struct config_node node, struct error *err);
/* "unknown key nam; did you mean name?" */
int config_complain_unknown(struct config_node key, const struct str_nearest *nearest,
			    struct error *err);

static inline const char *config_key_text(struct config_node key)
{
	return (const char *)key.node->data.scalar.value;
}

/* A scalar that is not empty and not null, as text without NUL bytes. `what` says what it is. */
int config_text(struct config_node node, const char *what, const char **ret, struct error *err);

typedef int (*config_pair_fn)(struct config_node key, struct config_node value, void *context,
			      struct error *err);
typedef int (*config_node_fn)(struct config_node node, void *context, struct error *err);

/* Calls fn for each pair; keys are scalars and differ. Stops at non-zero. */
int config_map_each(struct config_node map, const char *what, config_pair_fn fn, void *context,
		    struct error *err);
int config_list_each(struct config_node list, const char *what, config_node_fn fn, void *context,
		     struct error *err);

struct config_key {
	const char *name;
	config_node_fn read;
};
/* Reads a map by a table of keys that ends in {}; unknown keys are refused. */
int config_map_read(struct config_node map, const char *what, const struct config_key *keys,
		    void *context, struct error *err);

/* What the sections have left behind. */
struct config {
	char *name; /* of the file, in complaints */
	yaml_document_t document;
	bool loaded;		     /* document is to be deleted */
	struct config_node defaults; /* node NULL: no such section */
};
