/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --matrix: which container reaches which. The nodes are the containers of this host, the host itself (everything that
 * is in no container), and what lies outside. An address belongs to the containers in whose network namespace it is
 * configured; when several share one, the port's listener decides.
 */
#pragma once

#include "record/schema.h"
#include "source/flows/flows_lib.h"

enum pair_state {
	PAIR_NEVER_TRIED,
	PAIR_SENT,	     /* UDP: sent, and nothing tells whether it arrived */
	PAIR_NO_ANSWER,	     /* no answer yet, or timed out */
	PAIR_REFUSED,	     /* rejected on the way: unreachable, prohibited, denied */
	PAIR_NOBODY_LISTENS, /* the host is there, the port is not */
	PAIR_CONNECTED,
	PAIR_STATES
};

enum { PAIR_PORTS_TEXT = 128 };

struct flow_pair_record {
	const char *from, *to;
	uint8_t state; /* the best of all ports */
	uint64_t count, errors, pending;
	char ports[PAIR_PORTS_TEXT]; /* "80/tcp connected, 81/tcp nobody listens" */
};
extern const struct schema flow_pair_schema;

struct flows_matrix;

int flows_matrix_new(struct identity *identity, struct flows_matrix **ret, struct error *err);
void flows_matrix_free(struct flows_matrix *matrix);
CLEANUP_DEFINE(flows_matrix, struct flows_matrix, flows_matrix_free)

/*
 * Fills the matrix from these flows: every ordered pair of nodes, `outside` only as a target that was tried. The rows
 * are valid until the next call.
 */
int flows_matrix_update(struct flows_matrix *matrix, const struct flows_entry *entries,
			size_t count, struct error *err);
const struct flow_pair_record *flows_matrix_rows(const struct flows_matrix *matrix,
						 size_t *ret_count);
