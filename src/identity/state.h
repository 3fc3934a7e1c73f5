/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runtimes' own files on this host, as a source of names: no daemon is asked. All of it is
 * input from outside: sizes are bounded, types are checked, only regular files are read. Internal
 * to identity.
 */
#pragma once

#include <json-c/json.h>
#include <stdarg.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "identity/identity.h"

/* What the files tell of a container; NULL: nothing. All owned. */
struct state {
	enum runtime runtime;
	char *name, *image, *pod, *namespace, *pod_uid, *labels;
};
void state_free(struct state *state);
#define _state_ CLEANUP(state_free)

/* Where running daemons keep their files, when not at the usual place. */
enum { DAEMON_ROOTS_MAX = 16 };
struct daemon_root {
	char *path; /* owned */
	uid_t uid;  /* whose process said so */
};
struct daemons {
	struct daemon_root docker[DAEMON_ROOTS_MAX];	 /* --data-root */
	struct daemon_root containerd[DAEMON_ROOTS_MAX]; /* --state */
	size_t docker_count, containerd_count;
	uint64_t next_ns; /* not looked up again before */
};
void daemons_free(struct daemons *daemons);
/* Looks at the running processes again, but at most once a second; whether it did. */
bool daemons_refresh(struct daemons *daemons, uint64_t now_ns);

/* The container to look for. */
struct state_query {
	const char *id;	    /* 64 hexadecimal figures: checked */
	enum runtime guess; /* what its path says */
	uid_t uid;	    /* whose rootless container it is; 0: the system's */
	const struct daemons *daemons;
};
/* 0 with *ret filled (name may be NULL still), or -ENOENT: no runtime's file tells of it. */
int state_read(const struct state_query *query, struct state *ret);

/* One reader per family of runtimes; same returns. */
int docker_read(const struct state_query *query, struct state *ret);
int containerd_read(const struct state_query *query, struct state *ret);
int storage_read(const struct state_query *query, struct state *ret); /* podman, CRI-O */

/* Puts a folder in front of every absolute path that identity reads; NULL: none. For tests. */
void identity_root_set(const char *root);
const char *identity_root(void);

/* For the readers. A parsed file, or NULL: not there, not regular, too large, not JSON. */
struct json_object *state_json(size_t limit, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A member, or NULL when the object is none, or the member has another type. */
struct json_object *state_member(struct json_object *object, const char *key, enum json_type type);
const char *state_text(struct json_object *object, const char *key);
/* Copies of at most `max` bytes; NULL stays NULL, and "" becomes NULL. */
char *text_copy(const char *text, size_t max);
/* A user's home; NULL: unknown. */
char *user_home(uid_t uid);
/* "k=v,k2=v2", sorted, from an object of strings; NULL: none. */
char *labels_text(struct json_object *labels);

static inline void json_cleanup(struct json_object **object)
{
	json_object_put(*object);
}
#define _json_ CLEANUP(json_cleanup)

enum {
	STATE_FILE_MAX = 1 << 20, /* one container's file */
	STATE_LIST_MAX = 16 << 20,
	STATE_NAME_MAX = 255,
	STATE_IMAGE_MAX = 512,
	STATE_LABELS_MAX = 4096,
};
