/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The typed constants of a filter expression. */
#pragma once

#include "record/where_tree.h"

/*
 * Reads `word` (terminated; kept by reference when it is text) as a constant to compare the node's
 * field with, by the node's class and operator. -EINVAL with what is wrong; a type and an operator
 * that do not go together are refused here, too.
 */
int where_const_parse(const struct where_node *node, const char *word, struct where_const *ret,
		      struct error *err);
