// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/flows/flows_matrix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/num.h"
#include "base/str.h"
#include "base/vec.h"
#include "identity/identity.h"
#include "kernel/cgroup.h"
#include "kernel/netns.h"
#include "source/flows/flows_record.h"

enum { NODE_HOST, NODE_OUTSIDE, NODES_FIXED };

struct node {
	const struct container *container; /* NULL: the host, or outside */
	const char *name;
	uint64_t netns; /* inode number; 0: unknown */
};

struct place {
	uint64_t netns;
	struct ip_addr addr;
};

/* Who took calls on a port. */
struct listener {
	struct listener_key {
		uint64_t netns;
		uint32_t port, protocol;
	} key;
	size_t node;
	UT_hash_handle hh;
};

/* That a node received datagrams on a port from an address. */
struct receipt {
	struct receipt_key {
		uint64_t node;
		uint8_t from[16]; /* all zero: it did not ask */
		uint64_t port;
	} key;
	UT_hash_handle hh;
};

struct flows_matrix {
	struct identity *identity;
	struct cgroup_mounts *mounts;
	VEC(struct node) nodes;
	VEC(struct place) places;	   /* the addresses of all namespaces of the nodes */
	VEC(uint64_t) netns_read;	   /* namespaces whose addresses are in `places` */
	struct listener *listeners;	   /* hash by key */
	struct receipt *receipts;	   /* likewise */
	VEC(struct flow_pair_record) rows; /* nodes * nodes, then what was tried */
};

static const char *const state_names[PAIR_STATES] = {
	[PAIR_NEVER_TRIED] = "never tried",	  [PAIR_SENT] = "sent",
	[PAIR_NO_ANSWER] = "no answer",		  [PAIR_REFUSED] = "refused",
	[PAIR_NOBODY_LISTENS] = "nobody listens", [PAIR_CONNECTED] = "connected",
};

static const struct field pair_fields[] = {
	FIELD(struct flow_pair_record, from, "FROM", 10, "container that calls",
	      .metric = METRIC_LABEL),
	FIELD(struct flow_pair_record, to, "TO", 10, "container that is called",
	      .metric = METRIC_LABEL),
	FIELD(struct flow_pair_record, state, "STATE", 14,
	      "connected; nobody listens (connection refused by the target); refused (unreachable, prohibited or "
	      "denied); no answer; sent (UDP, arrival not seen); never tried",
	      .names = state_names, .names_count = PAIR_STATES, .metric = METRIC_LABEL),
	FIELD(struct flow_pair_record, count, "COUNT", 7, "calls that succeeded",
	      .metric = METRIC_COUNTER),
	FIELD(struct flow_pair_record, errors, "ERRORS", 6, "calls that failed",
	      .flags = FIELD_AUTO, .metric = METRIC_COUNTER),
	FIELD(struct flow_pair_record, pending, "PENDING", 7, "connects that have no answer yet",
	      .flags = FIELD_AUTO, .metric = METRIC_GAUGE),
	FIELD(struct flow_pair_record, ports, "PORTS", 12, "state by port", .flags = FIELD_STRETCH),
};

const struct schema flow_pair_schema = {
	.name = "flow_pair",
	.help = "whether one container reached another (--matrix)",
	.fields = pair_fields,
	.count = ARRAY_SIZE(pair_fields),
	.record_size = sizeof(struct flow_pair_record),
};

int flows_matrix_new(struct identity *identity, struct flows_matrix **ret, struct error *err)
{
	CLEANUP(flows_matrix_cleanup) struct flows_matrix *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return error_errno(err, -ENOMEM, "matrix");
	m->identity = identity;
	m->mounts = calloc(1, sizeof(*m->mounts));
	if (!m->mounts)
		return error_errno(err, -ENOMEM, "matrix");
	r = cgroup_mounts(m->mounts, err);
	if (r)
		return r;
	*ret = TAKE_PTR(m);
	return 0;
}

static void index_free(struct flows_matrix *m)
{
	struct listener *l, *next_l;
	struct receipt *r, *next_r;

	HASH_ITER (hh, m->listeners, l, next_l) {
		HASH_DEL(m->listeners, l);
		free(l);
	}
	HASH_ITER (hh, m->receipts, r, next_r) {
		HASH_DEL(m->receipts, r);
		free(r);
	}
}

void flows_matrix_free(struct flows_matrix *m)
{
	if (!m)
		return;
	index_free(m);
	vec_free(&m->nodes);
	vec_free(&m->places);
	vec_free(&m->netns_read);
	vec_free(&m->rows);
	free(m->mounts);
	free(m);
}

/* ---- nodes and their addresses ---- */

/* A process of the cgroup below this mount; 0: none there. */
static pid_t cgroup_pid(const char *mount, const char *cgroup)
{
	/* podman runs what is in a container one level deeper */
	static const char *const deeper[] = { "", "/container", "/init.scope" };
	uint64_t pid = 0;

	for (size_t i = 0; mount[0] && i < ARRAY_SIZE(deeper); i++) {
		_free_ char *path = str_printf("%s%s%s/cgroup.procs", mount, cgroup, deeper[i]);
		_free_ char *text = NULL;

		if (!path || file_read(AT_FDCWD, path, 1 << 20, &text, NULL))
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (!num_parse(text, 1, INT32_MAX, &pid, NULL))
			break;
	}
	return (pid_t)pid;
}

static pid_t container_pid(const struct flows_matrix *m, const struct container *c)
{
	const struct cgroup_v1 *v1 = cgroup_v1_find(m->mounts, "memory");
	pid_t pid = cgroup_pid(m->mounts->v2, c->cgroup);

	return pid || !v1 ? pid : cgroup_pid(v1->path, c->cgroup);
}

/* Reads the addresses of a namespace, once an update; the namespace's inode number, 0: it is gone. */
static uint64_t netns_note(struct flows_matrix *m, int ns_fd)
{
	_free_ struct ip_addr *addrs = NULL;
	size_t count = 0;
	struct stat st;

	if (fstat(ns_fd, &st))
		return 0;
	for (size_t i = 0; i < m->netns_read.len; i++)
		if (m->netns_read.data[i] == st.st_ino)
			return st.st_ino;
	if (netns_addresses(ns_fd, &addrs, &count, NULL))
		return 0;
	for (size_t i = 0; i < count; i++) {
		const struct place place = { st.st_ino, addrs[i] };

		if (!vec_push(&m->places, place))
			return 0;
	}
	return vec_push(&m->netns_read, (uint64_t)st.st_ino) ? st.st_ino : 0;
}

static uint64_t netns_of_pid(struct flows_matrix *m, pid_t pid)
{
	_close_ int fd = -1;

	if (!pid || netns_open_pid(pid, &fd, NULL))
		return 0;
	return netns_note(m, fd);
}

static int read_nodes(struct flows_matrix *m, struct error *err)
{
	const struct node host = { .name = "host", .netns = 0 }, outside = { .name = "outside" };
	_free_ const struct container **containers = NULL;
	size_t count = 0;
	int r = identity_containers(m->identity, &containers, &count);

	if (r)
		return error_errno(err, r, "containers");
	m->nodes.len = m->places.len = m->netns_read.len = 0;
	if (!vec_push(&m->nodes, host) || !vec_push(&m->nodes, outside))
		return error_errno(err, -ENOMEM, "matrix");
	m->nodes.data[NODE_HOST].netns = netns_of_pid(m, getpid());
	for (size_t i = 0; i < count; i++) {
		struct node node = { .container = containers[i], .name = containers[i]->name };

		if (containers[i]->runtime == RUNTIME_UNIT || containers[i]->ended)
			continue;
		node.netns = netns_of_pid(m, container_pid(m, containers[i]));
		if (!vec_push(&m->nodes, node))
			return error_errno(err, -ENOMEM, "matrix");
	}
	return 0;
}

/* ---- pairs ---- */

static size_t node_of_process(const struct flows_matrix *m, const struct flows_process *p)
{
	for (size_t i = NODES_FIXED; i < m->nodes.len; i++)
		if (m->nodes.data[i].container == p->container)
			return i;
	return NODE_HOST;
}

static bool netns_has(const struct flows_matrix *m, uint64_t netns, const struct ip_addr *addr)
{
	for (size_t i = 0; i < m->places.len; i++)
		if (m->places.data[i].netns == netns &&
		    !ip_addr_compare(&m->places.data[i].addr, addr))
			return true;
	return false;
}

static int index_entry(struct flows_matrix *m, const struct flows_entry *e)
{
	size_t node = node_of_process(m, e->process);
	struct listener_key lk = { e->process->value.netns, e->key.port, e->key.protocol };
	struct receipt_key rk = { .node = node, .port = e->key.port };
	struct listener *l = NULL;
	struct receipt *r = NULL;

	HASH_FIND(hh, m->listeners, &lk, sizeof(lk), l);
	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			return -ENOMEM;
		l->key = lk;
		l->node = node;
		HASH_ADD(hh, m->listeners, key, sizeof(lk), l);
	}
	if (e->key.protocol != FLOW_UDP || !e->value.count)
		return 0;
	memcpy(rk.from, e->key.remote, sizeof(rk.from));
	HASH_FIND(hh, m->receipts, &rk, sizeof(rk), r);
	if (r)
		return 0;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->key = rk;
	HASH_ADD(hh, m->receipts, key, sizeof(rk), r);
	return 0;
}

/* The node that takes calls on this port in this namespace, by the calls that it took; else the first that lives there. */
static size_t node_by_port(const struct flows_matrix *m, uint64_t netns, const struct flow_key *key)
{
	const struct listener_key lk = { netns, key->port, key->protocol };
	struct listener *l = NULL;

	HASH_FIND(hh, m->listeners, &lk, sizeof(lk), l);
	if (l)
		return l->node;
	for (size_t i = 0; i < m->nodes.len; i++)
		if (i != NODE_OUTSIDE && m->nodes.data[i].netns == netns)
			return i;
	return NODE_OUTSIDE;
}

static size_t node_of_target(const struct flows_matrix *m, const struct flows_entry *e)
{
	const struct ip_addr addr = flow_addr(e->key.remote);
	uint64_t own = e->process->value.netns;

	if (ip_addr_is_loopback(&addr) || netns_has(m, own, &addr))
		return node_by_port(m, own, &e->key);
	for (size_t i = 0; i < m->nodes.len; i++) {
		uint64_t netns = m->nodes.data[i].netns;

		if (netns && netns_has(m, netns, &addr))
			return node_by_port(m, netns, &e->key);
	}
	return NODE_OUTSIDE;
}

static bool has_receipt(const struct flows_matrix *m, const struct receipt_key *key)
{
	struct receipt *r = NULL;

	HASH_FIND(hh, m->receipts, key, sizeof(*key), r);
	return r != NULL;
}

/* Whether node `to` received a datagram on this port from the sender, or from somebody it did not ask for. */
static bool was_received(const struct flows_matrix *m, const struct flows_entry *e, size_t to)
{
	struct receipt_key key = { .node = to, .port = e->key.port };

	if (has_receipt(m, &key))
		return true;
	/* to itself, or within a namespace: from the address it was sent to */
	memcpy(key.from, e->key.remote, sizeof(key.from));
	if (has_receipt(m, &key))
		return true;
	for (size_t i = 0; i < m->places.len; i++) {
		if (m->places.data[i].netns != e->process->value.netns)
			continue;
		memcpy(key.from, m->places.data[i].addr.bytes, sizeof(key.from));
		if (has_receipt(m, &key))
			return true;
	}
	return false;
}

static enum pair_state flow_state(const struct flows_matrix *m, const struct flows_entry *e,
				  size_t to)
{
	if (e->value.count && (e->key.protocol == FLOW_TCP || was_received(m, e, to)))
		return PAIR_CONNECTED;
	if (e->value.errors && e->value.error == ECONNREFUSED)
		return PAIR_NOBODY_LISTENS;
	if (e->value.errors && e->value.error != ETIMEDOUT && e->value.error != ECANCELED)
		return PAIR_REFUSED;
	return e->value.count ? PAIR_SENT : PAIR_NO_ANSWER;
}

static void pair_add(struct flow_pair_record *pair, const struct flows_entry *e,
		     enum pair_state state)
{
	uint64_t done = e->value.count + e->value.errors;
	char port[48];
	size_t len;

	pair->count += e->value.count;
	pair->errors += e->value.errors;
	if (e->value.attempts > done)
		pair->pending += e->value.attempts - done;
	pair->state = (uint8_t)MAX((unsigned int)pair->state, (unsigned int)state);
	snprintf(port, sizeof(port), "%u/%s %s", e->key.port,
		 e->key.protocol == FLOW_TCP ? "tcp" : "udp", state_names[state]);
	if (strstr(pair->ports, port))
		return;
	len = strlen(pair->ports);
	if (len + strlen(port) + 8 < sizeof(pair->ports))
		snprintf(pair->ports + len, sizeof(pair->ports) - len, "%s%s", len ? ", " : "",
			 port);
	else if (len + 4 < sizeof(pair->ports) && !strstr(pair->ports, "..."))
		snprintf(pair->ports + len, sizeof(pair->ports) - len, "...");
}

int flows_matrix_update(struct flows_matrix *m, const struct flows_entry *entries, size_t count,
			struct error *err)
{
	int r = read_nodes(m, err);
	size_t n = m->nodes.len, kept = 0;

	if (r)
		return r;
	m->rows.len = 0;
	for (size_t i = 0; i < n * n; i++) {
		struct flow_pair_record row = { .from = m->nodes.data[i / n].name,
						.to = m->nodes.data[i % n].name };

		if (!vec_push(&m->rows, row))
			return error_errno(err, -ENOMEM, "matrix");
	}
	index_free(m);
	for (size_t i = 0; i < count; i++) {
		if (entries[i].key.direction == FLOW_IN && index_entry(m, &entries[i]))
			return error_errno(err, -ENOMEM, "matrix");
	}
	for (size_t i = 0; i < count; i++) {
		size_t from, to;

		if (entries[i].key.direction != FLOW_OUT)
			continue;
		from = node_of_process(m, entries[i].process);
		to = node_of_target(m, &entries[i]);
		pair_add(&m->rows.data[from * n + to], &entries[i], flow_state(m, &entries[i], to));
	}
	/* nobody wants to read that a container did not call itself, nor the outside */
	for (size_t i = 0; i < n * n; i++) {
		struct flow_pair_record *row = &m->rows.data[i];

		if (row->state != PAIR_NEVER_TRIED ||
		    (i / n != i % n && i / n != NODE_OUTSIDE && i % n != NODE_OUTSIDE))
			m->rows.data[kept++] = *row;
	}
	m->rows.len = kept;
	return 0;
}

const struct flow_pair_record *flows_matrix_rows(const struct flows_matrix *m, size_t *ret_count)
{
	*ret_count = m->rows.len;
	return m->rows.data;
}
