// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Containers and units: made from a cgroup's path, named from the runtimes' state. A runtime may
 * write its state a little after it made the cgroup, so a nameless container is looked up again
 * for two seconds.
 */
#include <errno.h>
#include <stdio.h>

#include "base/num.h"
#include "base/str.h"
#include "identity/internal.h"
#include "kernel/loop.h"

enum { TRY_FIRST_NS = 10 * 1000000, SHORT_ID = 12, CAPSULE_ID = 8 };

static const char *keep(struct entry *entry, const char *text)
{
	size_t len = text ? strlen(text) + 1 : 0;
	struct kept_text *kept;

	if (!text)
		return NULL;
	/* A name that is read again is mostly the same. */
	for (kept = entry->texts; kept; kept = kept->next) {
		if (str_eq(kept->text, text))
			return kept->text;
	}
	kept = malloc(sizeof(*kept) + len);
	if (!kept)
		return NULL;
	memcpy(kept->text, text, len);
	kept->next = entry->texts;
	entry->texts = kept;
	return kept->text;
}

static void entry_free(struct entry *entry)
{
	struct kept_text *next;

	for (struct kept_text *kept = entry->texts; kept; kept = next) {
		next = kept->next;
		free(kept);
	}
	free(entry->key);
	free(entry->outer_id);
	free(entry);
}
CLEANUP_DEFINE(entry, struct entry, entry_free)

/* The user whose slice this is in ("/user.slice/user-1000.slice/..."); 0: the system. */
static uid_t path_uid(const char *path)
{
	static const char prefix[] = "/user.slice/user-";
	char digits[12];
	uint64_t uid;
	size_t len;

	if (!str_starts(path, prefix))
		return 0;
	path += strlen(prefix);
	len = strspn(path, "0123456789");
	if (!len || len >= sizeof(digits) || !str_starts(path + len, ".slice/"))
		return 0;
	memcpy(digits, path, len);
	digits[len] = '\0';
	return num_parse(digits, 0, UINT32_MAX, &uid, NULL) ? 0 : (uid_t)uid;
}

/* The path up to and with the last part that is `name`: "/a/x.service/sub" -> "/a/x.service". */
static char *path_until(const char *path, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = path + strlen(path); at-- > path;) {
		if (!strncmp(at, name, len) && (at == path || at[-1] == '/') &&
		    (!at[len] || at[len] == '/'))
			return strndup(path, (size_t)(at - path) + len);
	}
	return strdup(path);
}

static char *key_of(const struct cgroup_match *match, const char *path)
{
	if (match->runtime == RUNTIME_UNIT)
		/* Two users' units may share a name. */
		return path_until(path, match->id);
	if (match->outer_id[0])
		return str_printf("%s@%s", match->id, match->outer_id);
	return strdup(match->id);
}

static bool has_state(enum runtime runtime)
{
	return runtime == RUNTIME_DOCKER || runtime == RUNTIME_PODMAN ||
	       runtime == RUNTIME_CONTAINERD || runtime == RUNTIME_CRIO;
}

static void entry_short_name(struct entry *entry, const char *id)
{
	char name[SHORT_ID + 1];

	str_copy(name, sizeof(name), id);
	entry->container.name = keep(entry, name);
}

/* What the path alone tells. */
static bool entry_fill(struct entry *entry, const struct cgroup_match *match, const char *path)
{
	struct container *container = &entry->container;
	size_t len = strlen(match->id);

	container->runtime = match->runtime;
	container->id = keep(entry, match->id);
	container->cgroup = keep(entry, path);
	if (match->pod_uid[0])
		container->pod_uid = keep(entry, match->pod_uid);
	if (has_state(match->runtime)) {
		entry_short_name(entry, match->id);
	} else if (match->runtime == RUNTIME_SKEP) {
		_free_ char *name = strndup(match->id, len - CAPSULE_ID - 1);

		container->name = keep(entry, name);
		container->id = keep(entry, match->id + len - CAPSULE_ID);
		container->named = true;
	} else {
		container->name = container->id;
		container->named = true;
	}
	return container->id && container->name && container->cgroup;
}

struct entry *entry_of_path(struct identity *identity, const char *path)
{
	CLEANUP(entry_cleanup) struct entry *entry = NULL;
	_free_ char *key = NULL;
	struct cgroup_match match = {};
	struct entry *found;

	if (!cgroup_path_match(path, &match))
		return NULL;
	key = key_of(&match, path);
	if (!key)
		return NULL;
	HASH_FIND_STR(identity->entries, key, found);
	if (found)
		return found;
	entry = calloc(1, sizeof(*entry));
	if (!entry || !entry_fill(entry, &match, match.runtime == RUNTIME_UNIT ? key : path))
		return NULL;
	if (match.outer_id[0]) {
		entry->outer_id = strdup(match.outer_id);
		if (!entry->outer_id)
			return NULL;
	}
	entry->uid = path_uid(path);
	entry->key = TAKE_PTR(key);
	found = TAKE_PTR(entry);
	HASH_ADD_KEYPTR(hh, identity->entries, found->key, strlen(found->key), found);
	return found;
}

/* The name of the container around this one: by its id, else the beginning of the id. */
static void entry_outer(struct identity *identity, struct entry *entry)
{
	char name[SHORT_ID + 1];
	struct entry *outer;

	if (!entry->outer_id)
		return;
	str_copy(name, sizeof(name), entry->outer_id);
	entry->container.outer = keep(entry, name);
	for (outer = identity->entries; outer; outer = outer->hh.next) {
		/* The last one made: an older container may have had the same name. */
		if (outer != entry && outer->container.runtime != RUNTIME_UNIT &&
		    str_eq(outer->container.id, entry->outer_id))
			entry->container.outer = keep(entry, outer->container.name);
	}
}

/* Takes over what is there; a second reading never forgets what the first one knew. */
static void entry_take(struct entry *entry, const struct state *state)
{
	struct container *container = &entry->container;
	const struct {
		const char *text;
		const char **member;
	} texts[] = {
		{ state->name, &container->name },
		{ state->image, &container->image },
		{ state->pod, &container->pod },
		{ state->namespace, &container->namespace },
		{ state->pod_uid, &container->pod_uid },
		{ state->labels, &container->labels },
	};

	container->runtime = state->runtime;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *kept = keep(entry, texts[i].text);

		if (kept)
			*texts[i].member = kept;
	}
	if (state->name)
		container->named = true;
}

static void on_timer(void *context)
{
	struct identity *identity = context;
	uint64_t now_ns = identity_now();
	struct entry *entry, *next;

	HASH_ITER (hh, identity->entries, entry, next) {
		if (entry->try_ns)
			entry_name(identity, entry, now_ns);
	}
	if (!identity->nameless) {
		loop_timer_remove(identity->timer);
		identity->timer = NULL;
	}
}

static void try_later(struct identity *identity, struct entry *entry, uint64_t now_ns)
{
	if (!entry->try_ns)
		identity->nameless++;
	entry->wait_ns = entry->wait_ns ? entry->wait_ns * 2 : TRY_FIRST_NS;
	entry->try_ns = now_ns + entry->wait_ns;
	/* Without a timer the next question for the container asks. */
	if (identity->loop && !identity->timer)
		loop_timer_add(identity->loop, TRY_FIRST_NS, TRY_FIRST_NS, on_timer, identity,
			       &identity->timer);
}

static void try_no_more(struct identity *identity, struct entry *entry)
{
	if (entry->try_ns)
		identity->nameless--;
	entry->try_ns = 0;
	entry->wait_ns = 0;
}

void entry_name(struct identity *identity, struct entry *entry, uint64_t now_ns)
{
	_state_ struct state state = {};
	struct state_query query = {
		.id = entry->container.id,
		.guess = entry->container.runtime,
		.uid = entry->uid,
		.daemons = &identity->daemons,
	};
	int r;

	if (entry->try_ns > now_ns)
		return;
	r = state_read(&query, &state);
	/* A daemon that keeps its files elsewhere may have come since. */
	if (r && daemons_refresh(&identity->daemons, now_ns))
		r = state_read(&query, &state);
	if (!r)
		entry_take(entry, &state);
	if (entry->container.named || now_ns - entry->born_ns > NAME_TRY_NS)
		try_no_more(identity, entry);
	else
		try_later(identity, entry, now_ns);
}

void entry_begin(struct identity *identity, struct entry *entry)
{
	uint64_t now_ns = identity_now();

	entry->cgroups++;
	if (entry->live++)
		return;
	/* New, or started again: then perhaps with another name. */
	entry->container.ended = false;
	entry->born_ns = now_ns;
	if (has_state(entry->container.runtime))
		entry_name(identity, entry, now_ns);
	entry_outer(identity, entry);
}

void entry_end(struct entry *entry, uint64_t now_ns)
{
	if (--entry->live)
		return;
	entry->container.ended = true;
	entry->ended_ns = now_ns;
}

static void entry_drop(struct identity *identity, struct entry *entry)
{
	try_no_more(identity, entry);
	HASH_DEL(identity->entries, entry);
	entry_free(entry);
}

void entries_prune(struct identity *identity, uint64_t now_ns)
{
	struct entry *entry, *next;

	HASH_ITER (hh, identity->entries, entry, next) {
		if (!entry->cgroups && !entry->holds && now_ns - entry->used_ns >= KEEP_USED_NS)
			entry_drop(identity, entry);
	}
}

void entries_free(struct identity *identity)
{
	struct entry *entry, *next;

	HASH_ITER (hh, identity->entries, entry, next)
		entry_drop(identity, entry);
}
