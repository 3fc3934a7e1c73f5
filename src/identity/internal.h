/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What identity's files share. Two tables: cgroups by (hierarchy, id), containers and units by
 * their key; a cgroup belongs to at most one container, a container has several cgroups (one a
 * hierarchy, and those below).
 */
#pragma once

#include "base/hash.h"
#include "identity/events.h"
#include "identity/identity.h"
#include "identity/state.h"
#include "kernel/cgroup.h"

struct identity_bpf;
struct loop_timer;
struct ring;

enum {
	CGROUPS_MAX = 50000,	    /* ended ones are dropped above, see identity.h */
	TEXTS_BYTES_MAX = 32 << 20, /* of processes' command lines and paths */
};

#define KEEP_ENDED_NS (30ull * 1000000000)
#define KEEP_USED_NS  (600ull * 1000000000)
#define NAME_TRY_NS   (2ull * 1000000000)

/* A string that stays as long as its owner, also when another took its place. */
struct kept_text {
	struct kept_text *next;
	char text[];
};

struct entry {
	struct container container; /* what callers see: first, so that hold can come back here */
	char *key;		    /* "id", "id@outer" or a unit's path; owned */
	char *outer_id;		    /* owned, or NULL */
	struct kept_text *texts;
	uid_t uid; /* of the slice it is in, for rootless storage */
	unsigned int cgroups, live;
	unsigned int holds;
	uint64_t born_ns, ended_ns, used_ns;
	uint64_t try_ns; /* when to look for its name again; 0: no more */
	uint64_t wait_ns;
	UT_hash_handle hh;
};

struct cgroup_key {
	uint64_t id;
	uint64_t hierarchy; /* 0: v2; as wide as the id: no padding in a hashed key */
};

struct cgroup_entry {
	struct cgroup_key key;
	char *path;
	struct entry *entry; /* NULL: no container, no unit */
	bool ended;
	uint64_t ended_ns, used_ns;
	unsigned int scan; /* the last scan that saw it */
	UT_hash_handle hh;
};

struct text {
	UT_hash_handle hh;
	char text[];
};

struct user {
	uid_t uid;
	char *name;
	UT_hash_handle hh;
};

/* A hierarchy whose ids are known. */
struct hierarchy {
	uint32_t id;		    /* 0: v2 */
	char path[CGROUP_PATH_MAX]; /* "": not mounted here */
};

struct identity {
	struct loop *loop;
	struct loop_timer *timer; /* runs while a name is missing */
	struct ring *ring;
	struct identity_bpf *bpf;
	struct hierarchy hierarchies[CGROUP_HIERARCHIES_MAX];
	size_t hierarchy_count;
	struct cgroup_entry *cgroups;
	struct entry *entries;
	struct user *users;
	struct text *texts;
	size_t text_bytes;
	struct daemons daemons;
	uint64_t lost_seen;
	uint64_t scan_next_ns, prune_next_ns;
	unsigned int scan;
	unsigned int nameless; /* entries with try_ns */
};

uint64_t identity_now(void);

/* cgroups.c: the table of cgroups, from the scan and from events. */
int cgroups_open(struct identity *identity, struct error *err);
void cgroups_close(struct identity *identity);
struct cgroup_entry *cgroup_find(struct identity *identity, uint32_t hierarchy, uint64_t id);
int cgroup_add(struct identity *identity, uint32_t hierarchy, uint64_t id, const char *path);
void cgroup_end(struct identity *identity, struct cgroup_entry *cgroup);
/* One record of the kernel half: untrusted input. */
void cgroup_event(struct identity *identity, const void *data, size_t size);
/* Takes what is in the ring; scans if events were lost, or if `missed` (but not too often). */
void cgroups_update(struct identity *identity, bool missed);

/* follow.c: the kernel half. -EPERM and the like: no rights, or no BTF; then ids are found by
 * scanning. */
int follow_open(struct identity *identity, struct error *err);
void follow_close(struct identity *identity);
void follow_drain(struct identity *identity);

/*
 * process.c: users and texts. The same text is kept once, for good: records point to it. A host that
 * makes ever new command lines must not fill the memory, so there is a bound; beyond it `full` is
 * returned for new ones.
 */
const char *text_intern(struct identity *identity, const char *text, const char *full);
void process_free(struct identity *identity);

/* containers.c */
/* The entry of a path, made if needed; NULL: the path is no container and no unit (or no memory). */
struct entry *entry_of_path(struct identity *identity, const char *path);
void entry_begin(struct identity *identity, struct entry *entry); /* one more live cgroup */
void entry_end(struct entry *entry, uint64_t now_ns);		  /* one fewer */
/* Looks for the name again if it is time. */
void entry_name(struct identity *identity, struct entry *entry, uint64_t now_ns);
void entries_free(struct identity *identity);
/* Drops the entries that nothing refers to: no cgroup, no hold, and not returned of late. */
void entries_prune(struct identity *identity, uint64_t now_ns);
