// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/hook.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "kernel/bpf_log.h"
#include "kernel/tracepoint.h"

/* Large tables are not worth their memory in a trial; no verdict of the verifier depends on it. */
enum { TRIAL_ENTRIES = 64 };

struct hook_link {
	const char *program; /* the object's string */
	struct bpf_link *link;
};

struct hook_links {
	VEC(struct hook_link) links;
};

static bool alternative_has(const struct hook_alternative *alternative, const char *program)
{
	for (size_t i = 0; i < HOOK_PROGRAMS_MAX && alternative->programs[i]; i++)
		if (str_eq(alternative->programs[i], program))
			return true;
	return false;
}

static bool job_has(const struct hook_job *job, const char *program)
{
	for (const struct hook_alternative *a = job->alternatives; a->name; a++)
		if (alternative_has(a, program))
			return true;
	return false;
}

/* An error value of libbpf's attach functions is NULL with errno. */
static struct bpf_link *attach_one(const struct hook_opener *opener, struct bpf_program *program)
{
	struct bpf_link *link;

	errno = 0;
	if (opener->attach) {
		link = opener->attach(opener->context, program);
		if (link || errno)
			return link;
	}
	if (bpf_program__type(program) == BPF_PROG_TYPE_TRACEPOINT)
		return tracepoint_attach(program);
	return bpf_program__attach(program);
}

void hook_links_free(struct hook_links *links)
{
	if (!links)
		return;
	/* Last attached, first gone. */
	while (links->links.len)
		bpf_link__destroy(links->links.data[--links->links.len].link);
	vec_free(&links->links);
	free(links);
}

struct bpf_link *hook_links_find(const struct hook_links *links, const char *program)
{
	for (size_t i = 0; i < links->links.len; i++)
		if (str_eq(links->links.data[i].program, program))
			return links->links.data[i].link;
	return NULL;
}

static int links_add(struct hook_links *links, const struct hook_opener *opener,
		     struct bpf_program *program, struct error *err)
{
	struct hook_link link = { .program = bpf_program__name(program) };
	const char *why;
	int r;

	bpf_log_clear();
	link.link = attach_one(opener, program);
	if (!link.link) {
		r = errno ? -errno : -EINVAL;
		why = bpf_log_reason();
		if (*why && strstr(why, link.program))
			return error_set(err, r, "attach: %s", why);
		if (*why)
			return error_set(err, r, "attach: prog '%s': %s", link.program, why);
		return error_errno(err, r, "attach: prog '%s' to %s", link.program,
				   bpf_program__section_name(program));
	}
	if (vec_push(&links->links, link))
		return 0;
	bpf_link__destroy(link.link);
	return error_errno(err, -ENOMEM, "attach: prog '%s'", link.program);
}

static void trial_prepare(struct bpf_object *object,
			  const struct hook_alternative *const *alternatives, size_t count)
{
	struct bpf_program *program;
	struct bpf_map *map;

	bpf_object__for_each_program (program, object) {
		bool on = false;

		for (size_t i = 0; i < count && !on; i++)
			on = alternative_has(alternatives[i], bpf_program__name(program));
		bpf_program__set_autoload(program, on);
	}
	bpf_object__for_each_map (map, object) {
		switch (bpf_map__type(map)) {
		case BPF_MAP_TYPE_HASH:
		case BPF_MAP_TYPE_PERCPU_HASH:
		case BPF_MAP_TYPE_LRU_HASH:
		case BPF_MAP_TYPE_LRU_PERCPU_HASH:
			bpf_map__set_max_entries(map,
						 MIN(bpf_map__max_entries(map), TRIAL_ENTRIES));
			break;
		default: break;
		}
	}
}

static int names_check(struct bpf_object *object, const struct hook_alternative *alternative,
		       struct error *err)
{
	for (size_t i = 0; i < HOOK_PROGRAMS_MAX && alternative->programs[i]; i++)
		if (!bpf_object__find_program_by_name(object, alternative->programs[i]))
			return error_set(err, -ENOENT, "no program '%s'", alternative->programs[i]);
	return 0;
}

/* Loads and attaches the programs of these alternatives together, and lets go of them again. */
static int trial_run(struct bpf_object *object, const struct hook_opener *opener,
		     const struct hook_alternative *const *alternatives, size_t count,
		     struct error *err)
{
	CLEANUP(hook_links_cleanup) struct hook_links *links = calloc(1, sizeof(*links));
	struct bpf_program *program;
	int r;

	if (!links)
		return error_errno(err, -ENOMEM, "trial");
	for (size_t i = 0; i < count; i++) {
		r = names_check(object, alternatives[i], err);
		if (r < 0)
			return r;
	}
	trial_prepare(object, alternatives, count);
	bpf_log_clear();
	r = bpf_object__load(object);
	if (r < 0) {
		if (*bpf_log_reason())
			return error_set(err, r, "load: %s", bpf_log_reason());
		return error_errno(err, r, "load");
	}
	bpf_object__for_each_program (program, object) {
		if (!bpf_program__autoload(program))
			continue;
		r = links_add(links, opener, program, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int trial(const struct hook_opener *opener,
		 const struct hook_alternative *const *alternatives, size_t count,
		 struct error *err)
{
	void *owner = NULL;
	struct bpf_object *object = opener->open(opener->context, &owner, err);
	int r;

	if (!object)
		return err->code ? err->code : -EINVAL;
	r = trial_run(object, opener, alternatives, count, err);
	opener->close(owner);
	return r;
}

/*
 * From this alternative on, the first that may be tried. $SKEP_HOOKS ("udp=fexit,accept=kprobe") names the only one for a
 * job: to prove an alternative where a better one works, and to find out which hook is to blame.
 */
static const struct hook_alternative *allowed(const struct hook_job *job,
					      const struct hook_alternative *from)
{
	const char *forced = getenv("SKEP_HOOKS");
	size_t len = strlen(job->name);

	while (forced && !(str_starts(forced, job->name) && forced[len] == '=')) {
		forced = strchr(forced, ',');
		forced = forced ? forced + 1 : NULL;
	}
	if (forced)
		forced += len + 1;
	for (; from->name; from++) {
		if (!forced)
			return from;
		len = strlen(from->name);
		if (str_starts(forced, from->name) && (forced[len] == ',' || !forced[len]))
			return from;
	}
	return NULL;
}

static void refuse(struct hook_choice *choice, const struct hook_alternative *alternative,
		   const struct error *why)
{
	struct hook_refusal *refusal = &choice->refused[choice->refused_count++];

	log_debug("hook %s: %s refused: %s", choice->job->name, alternative->name, why->message);
	refusal->alternative = alternative->name;
	str_copy(refusal->why, sizeof(refusal->why), why->message);
}

/* The choice with the one program that the complaint names; NULL: it names none, or several jobs have it. */
static struct hook_choice *blamed(struct hook_choice *choices, size_t count, const char *complaint)
{
	struct hook_choice *found = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct hook_alternative *a = choices[i].chosen;

		for (size_t p = 0; a && p < HOOK_PROGRAMS_MAX && a->programs[p]; p++) {
			_free_ char *name = str_printf("prog '%s'", a->programs[p]);

			if (!name || !strstr(complaint, name))
				continue;
			if (found && found != &choices[i])
				return NULL;
			found = &choices[i];
		}
	}
	return found;
}

/*
 * A trial costs some 50 ms, most of it for reading the kernel's types. So all jobs are tried at once, and whichever is
 * to blame for a refusal goes on to its next alternative. -EAGAIN: nobody could be blamed.
 */
static int choose_together(const struct hook_opener *opener, struct hook_choice *choices,
			   size_t count)
{
	_free_ const struct hook_alternative **wanted = calloc(count, sizeof(*wanted));

	if (!wanted)
		return -ENOMEM;
	for (;;) {
		struct hook_choice *choice;
		struct error err = {};
		size_t n = 0;
		int r;

		for (size_t i = 0; i < count; i++)
			if (choices[i].chosen)
				wanted[n++] = choices[i].chosen;
		r = n ? trial(opener, wanted, n, &err) : 0;
		if (!r || r == -ENOMEM)
			return r;
		choice = blamed(choices, count, err.message);
		if (!choice || choice->refused_count == HOOK_ALTERNATIVES_MAX) {
			log_debug("hooks: not all at once: %s", err.message);
			return -EAGAIN;
		}
		refuse(choice, choice->chosen, &err);
		choice->chosen = allowed(choice->job, choice->chosen + 1);
	}
}

static int choose_one(const struct hook_opener *opener, const struct hook_job *job,
		      struct hook_choice *ret)
{
	*ret = (struct hook_choice){ .job = job };
	for (const struct hook_alternative *a = allowed(job, job->alternatives); a;
	     a = allowed(job, a + 1)) {
		struct error err = {};
		int r = trial(opener, &a, 1, &err);

		if (r == 0) {
			ret->chosen = a;
			return 0;
		}
		if (r == -ENOMEM || ret->refused_count == HOOK_ALTERNATIVES_MAX)
			return r;
		refuse(ret, a, &err);
	}
	return 0;
}

static int none_left(const struct hook_choice *choice, struct error *err)
{
	_strbuf_ struct strbuf text = {};

	for (size_t i = 0; i < choice->refused_count; i++)
		strbuf_addf(&text, "%s%s: %s", i ? "; " : "", choice->refused[i].alternative,
			    choice->refused[i].why);
	return error_set(err, -EOPNOTSUPP, "%s: %s", choice->job->what, strbuf_str(&text));
}

int hook_choose(const struct hook_opener *opener, const struct hook_job *jobs, size_t count,
		struct hook_choice *ret, struct error *err)
{
	int r;

	for (size_t i = 0; i < count; i++)
		ret[i] = (struct hook_choice){ .job = &jobs[i],
					       .chosen = allowed(&jobs[i], jobs[i].alternatives) };
	r = choose_together(opener, ret, count);
	for (size_t i = 0; r == -EAGAIN && i < count; i++) {
		int one = choose_one(opener, &jobs[i], &ret[i]);

		if (one < 0)
			return error_errno(err, one, "%s", jobs[i].what);
	}
	if (r < 0 && r != -EAGAIN)
		return error_errno(err, r, "hooks");
	for (size_t i = 0; i < count; i++) {
		if (ret[i].chosen)
			log_debug("hook %s: %s", jobs[i].name, ret[i].chosen->name);
		else if (!jobs[i].optional)
			return none_left(&ret[i], err);
	}
	return 0;
}

int hook_apply(struct bpf_object *object, const struct hook_choice *choices, size_t count,
	       struct error *err)
{
	for (size_t i = 0; i < count; i++)
		for (const struct hook_alternative *a = choices[i].job->alternatives; a->name;
		     a++) {
			int r = names_check(object, a, err);

			if (r < 0)
				return r;
			for (size_t p = 0; p < HOOK_PROGRAMS_MAX && a->programs[p]; p++)
				bpf_program__set_autoload(
					bpf_object__find_program_by_name(object, a->programs[p]),
					false);
		}
	/* Switched on last: a program may stand in several alternatives. */
	for (size_t i = 0; i < count; i++)
		for (size_t p = 0;
		     choices[i].chosen && p < HOOK_PROGRAMS_MAX && choices[i].chosen->programs[p];
		     p++)
			bpf_program__set_autoload(bpf_object__find_program_by_name(
							  object, choices[i].chosen->programs[p]),
						  true);
	return 0;
}

/* Of a program in a job, whether it is wanted; one of no job is. */
static bool is_wanted(const struct hook_choice *choices, size_t count, const char *program)
{
	bool in_job = false;

	for (size_t i = 0; i < count; i++) {
		if (choices[i].chosen && alternative_has(choices[i].chosen, program))
			return true;
		in_job = in_job || job_has(choices[i].job, program);
	}
	return !in_job;
}

int hook_attach(const struct hook_opener *opener, struct bpf_object *object,
		const struct hook_choice *choices, size_t count, struct hook_links **ret,
		struct error *err)
{
	CLEANUP(hook_links_cleanup) struct hook_links *links = calloc(1, sizeof(*links));
	struct bpf_program *program;
	int r;

	if (!links)
		return error_errno(err, -ENOMEM, "attach");
	bpf_object__for_each_program (program, object) {
		if (!bpf_program__autoload(program) ||
		    !is_wanted(choices, count, bpf_program__name(program)))
			continue;
		r = links_add(links, opener, program, err);
		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(links);
	return 0;
}
