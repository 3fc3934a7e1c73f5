/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hook chooser. For one job there is an ordered list of alternatives; each is a set of programs
 * of one skeleton (by name) that must all load and attach. The first that does is used; what was
 * refused and why is kept, for the log at debug and for `skep doctor`. Proof is by loading, never
 * by reading the kernel's config or version.
 *
 * libbpf loads an object whole, so a choice is made before the skeleton's load: each alternative's
 * programs are tried in an object of their own (opened again from the skeleton's bytes) with
 * everything else's autoload off.
 */
#pragma once

#include "base/cleanup.h"
#include "base/error.h"

enum { HOOK_PROGRAMS_MAX = 12, HOOK_ALTERNATIVES_MAX = 6 };

struct hook_alternative {
	const char *name; /* "tracepoints", "fexit", "kprobes": for people */
	const char
		*programs[HOOK_PROGRAMS_MAX]; /* names of functions in the object, ends in NULL */
	const char *misses;		      /* what this one cannot see, or NULL: nothing */
};

struct hook_job {
	const char *name;			     /* "udp", "accept" */
	const char *what;			     /* "UDP sends and receives": for people */
	const struct hook_alternative *alternatives; /* best first, ends in {} */
	bool optional;				     /* the tool works without it */
};

struct hook_refusal {
	const char *alternative;
	/* "load: prog 'x': ..." in libbpf's or the verifier's words */
	char why[240];
};

struct hook_choice {
	const struct hook_job *job;
	const struct hook_alternative *chosen; /* NULL: none works */
	struct hook_refusal refused[HOOK_ALTERNATIVES_MAX];
	size_t refused_count;
};

struct bpf_object;
struct bpf_program;
struct bpf_link;

/*
 * Opens the object anew for each trial. `open` returns a fresh, opened (not loaded) object as the
 * tool would load it (rodata set), with *ret_owner to be given to `close`.
 */
struct hook_opener {
	struct bpf_object *(*open)(void *context, void **ret_owner, struct error *err);
	void (*close)(void *owner);
	/* Attaches one program in the way it wants. If it is NULL, or returns NULL with errno 0:
	 * bpf_program__attach. NULL with errno set: refused. */
	struct bpf_link *(*attach)(void *context, struct bpf_program *program);
	void *context;
};

/*
 * Chooses for each of `count` jobs. -EOPNOTSUPP with "<what>: <the refusals>" when a job that is
 * not optional has no alternative left. `ret` has room for `count`.
 */
int hook_choose(const struct hook_opener *opener, const struct hook_job *jobs, size_t count,
		struct hook_choice *ret, struct error *err);
/* Sets autoload of the job programs in `object`: on for the chosen alternatives, off for all other
 * alternatives'. */
int hook_apply(struct bpf_object *object, const struct hook_choice *choices, size_t count,
	       struct error *err);

struct hook_links; /* the links made by hook_attach; freeing detaches */
/* Attaches the chosen programs (after load) and every autoloaded program that belongs to no job. */
int hook_attach(const struct hook_opener *opener, struct bpf_object *object,
		const struct hook_choice *choices, size_t count, struct hook_links **ret,
		struct error *err);
void hook_links_free(struct hook_links *links);
/* The link of one program (an iterator's, to read from it), NULL: it has none. Not owned. */
struct bpf_link *hook_links_find(const struct hook_links *links, const char *program);
CLEANUP_DEFINE(hook_links, struct hook_links, hook_links_free)
