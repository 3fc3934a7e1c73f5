// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/flows/flows_scan.h"

#include <errno.h>
#include <stdio.h>

#include "base/vec.h"

typedef VEC(const struct flows_entry *) entry_vec;

static int compare_process(const struct flow_key *a, const struct flow_key *b)
{
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (int)a->protocol - (int)b->protocol;
}

/* By process, host, port. */
static int by_host(const void *pa, const void *pb)
{
	const struct flow_key *a = &(*(const struct flows_entry *const *)pa)->key;
	const struct flow_key *b = &(*(const struct flows_entry *const *)pb)->key;
	int r = compare_process(a, b);

	if (!r)
		r = memcmp(a->remote, b->remote, sizeof(a->remote));
	return r ? r : (int)a->port - (int)b->port;
}

/* By process, port, host. */
static int by_port(const void *pa, const void *pb)
{
	const struct flow_key *a = &(*(const struct flows_entry *const *)pa)->key;
	const struct flow_key *b = &(*(const struct flows_entry *const *)pb)->key;
	int r = compare_process(a, b);

	if (!r)
		r = (int)a->port - (int)b->port;
	return r ? r : memcmp(a->remote, b->remote, sizeof(a->remote));
}

static bool same_host(const struct flow_key *a, const struct flow_key *b)
{
	return !compare_process(a, b) && !memcmp(a->remote, b->remote, sizeof(a->remote));
}

static bool same_port(const struct flow_key *a, const struct flow_key *b)
{
	return !compare_process(a, b) && a->port == b->port;
}

static bool differ_in_port(const struct flow_key *a, const struct flow_key *b)
{
	return a->port != b->port;
}

static bool differ_in_host(const struct flow_key *a, const struct flow_key *b)
{
	return memcmp(a->remote, b->remote, sizeof(a->remote)) != 0;
}

/* Groups of neighbours that are `same`; those with enough that `differ` are marked. */
static void mark_groups(const struct flows_scan *scan, const entry_vec *sorted,
			const struct flows_entry *entries,
			bool (*same)(const struct flow_key *, const struct flow_key *),
			bool (*differ)(const struct flow_key *, const struct flow_key *),
			const char *what, char (*marks)[FLOW_SCAN_TEXT])
{
	for (size_t begin = 0, end; begin < sorted->len; begin = end) {
		uint64_t distinct = 1;

		for (end = begin + 1; end < sorted->len; end++) {
			if (!same(&sorted->data[begin]->key, &sorted->data[end]->key))
				break;
			distinct += differ(&sorted->data[end - 1]->key, &sorted->data[end]->key);
		}
		if (distinct < scan->threshold)
			continue;
		for (size_t i = begin; i < end; i++)
			snprintf(marks[sorted->data[i] - entries], FLOW_SCAN_TEXT, "%llu %s",
				 (unsigned long long)distinct, what);
	}
}

int flows_scan(const struct flows_scan *scan, const struct flows_entry *entries, size_t count,
	       uint64_t now, char (*marks)[FLOW_SCAN_TEXT], struct error *err)
{
	uint64_t since = now > scan->window_ns ? now - scan->window_ns : 0;
	entry_vec recent = {};

	for (size_t i = 0; i < count; i++) {
		const struct flow_value *v = &entries[i].value;
		uint64_t active = MAX(MAX(v->last, v->error_time), v->attempt_time);

		marks[i][0] = '\0';
		if (entries[i].key.direction != FLOW_OUT || active < since)
			continue;
		if (!vec_push(&recent, &entries[i])) {
			vec_free(&recent);
			return error_errno(err, -ENOMEM, "scan");
		}
	}
	if (recent.len) {
		qsort(recent.data, recent.len, sizeof(*recent.data), by_host);
		mark_groups(scan, &recent, entries, same_host, differ_in_port, "ports of this host",
			    marks);
		qsort(recent.data, recent.len, sizeof(*recent.data), by_port);
		mark_groups(scan, &recent, entries, same_port, differ_in_host, "hosts, this port",
			    marks);
	}
	vec_free(&recent);
	return 0;
}
