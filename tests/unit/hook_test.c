// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "base/util.h"
#include "hook_test.skel.h"
#include "kernel/bpf_log.h"
#include "kernel/hook.h"

static int opened, closed;

static struct bpf_object *test_open(void *context, void **ret_owner, struct error *err)
{
	struct hook_test_bpf *object = hook_test_bpf__open();

	(void)context;
	if (!object) {
		error_errno(err, -errno, "open");
		return NULL;
	}
	opened++;
	*ret_owner = object;
	return object->obj;
}

static void test_close(void *owner)
{
	closed++;
	hook_test_bpf__destroy(owner);
}

static struct bpf_link *test_attach(void *context, struct bpf_program *program)
{
	const char *denied = context;

	if (denied && str_eq(denied, bpf_program__name(program)))
		errno = EBUSY;
	return NULL; /* errno 0: by libbpf's own way */
}

static const struct hook_opener opener = { .open = test_open, .close = test_close };

static const struct hook_alternative worse_and_worse[] = {
	{ .name = "verifier", .programs = { "works_too", "refused" } },
	{ .name = "attach", .programs = { "homeless" } },
	{ .name = "good", .programs = { "works" }, .misses = "nothing much" },
	{ .name = "never reached", .programs = { "works_too" } },
	{},
};
static const struct hook_alternative good_only[] = {
	{ .name = "at once", .programs = { "works_too" } }, {}
};
static const struct hook_alternative bad_only[] = { { .name = "a", .programs = { "refused" } },
						    { .name = "b", .programs = { "homeless" } },
						    {} };
static const struct hook_alternative wrong_name[] = { { .name = "a", .programs = { "typo" } }, {} };

static void first_that_works(void **state)
{
	const struct hook_job job = { "j", "what it is for", worse_and_worse, false };
	struct hook_choice choice;
	struct error err = {};

	(void)state;
	opened = closed = 0;
	assert_int_equal(hook_choose(&opener, &job, 1, &choice, &err), 0);
	assert_ptr_equal(choice.chosen, &worse_and_worse[2]);
	assert_int_equal(choice.refused_count, 2);
	assert_string_equal(choice.refused[0].alternative, "verifier");
	/* The verifier's own line, not just EACCES. */
	assert_non_null(strstr(choice.refused[0].why, "load: prog 'refused': "));
	assert_non_null(strstr(choice.refused[0].why, "map_value_or_null"));
	assert_string_equal(choice.refused[1].alternative, "attach");
	assert_non_null(strstr(choice.refused[1].why, "attach: "));
	assert_non_null(strstr(choice.refused[1].why, "no_such_event"));
	assert_int_equal(opened, 3);
	assert_int_equal(closed, 3);
}

static void all_firsts_in_one_trial(void **state)
{
	const struct hook_job jobs[] = { { "j", "one", good_only, false },
					 { "k", "two", &worse_and_worse[2], true } };
	struct hook_choice choices[2];
	struct error err = {};

	(void)state;
	opened = closed = 0;
	assert_int_equal(hook_choose(&opener, jobs, 2, choices, &err), 0);
	assert_ptr_equal(choices[0].chosen, &good_only[0]);
	assert_ptr_equal(choices[1].chosen, &worse_and_worse[2]);
	assert_int_equal(choices[0].refused_count + choices[1].refused_count, 0);
	assert_int_equal(opened, 1);
	assert_int_equal(closed, 1);
}

static void none_works(void **state)
{
	const struct hook_job jobs[] = { { "j", "calls", bad_only, false },
					 { "k", "more", good_only, false } };
	struct hook_choice choices[2];
	struct error err = {};

	(void)state;
	assert_int_equal(hook_choose(&opener, jobs, 2, choices, &err), -EOPNOTSUPP);
	assert_true(str_starts(err.message, "calls: a: load: "));
	assert_non_null(strstr(err.message, "; b: attach: "));
	assert_null(choices[0].chosen);
	assert_non_null(choices[1].chosen); /* doctor wants to know of the others, too */
}

static void none_works_and_need_not(void **state)
{
	const struct hook_job job = { "j", "calls", bad_only, true };
	struct hook_choice choice;

	(void)state;
	assert_int_equal(hook_choose(&opener, &job, 1, &choice, NULL), 0);
	assert_null(choice.chosen);
	assert_int_equal(choice.refused_count, 2);
}

static void own_attach_refuses(void **state)
{
	const struct hook_alternative list[] = { { .name = "a", .programs = { "works" } },
						 { .name = "b", .programs = { "works_too" } },
						 {} };
	const struct hook_job job = { "j", "calls", list, false };
	const struct hook_opener own = { test_open, test_close, test_attach, (void *)"works" };
	struct hook_choice choice;

	(void)state;
	assert_int_equal(hook_choose(&own, &job, 1, &choice, NULL), 0);
	assert_ptr_equal(choice.chosen, &list[1]);
	assert_string_equal(choice.refused[0].why,
			    "attach: prog 'works' to raw_tp/sys_enter: Device or resource busy");
}

static void a_name_that_is_not_there(void **state)
{
	const struct hook_job job = { "j", "calls", wrong_name, false };
	struct hook_choice choice;
	struct error err = {};

	(void)state;
	assert_int_equal(hook_choose(&opener, &job, 1, &choice, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.message, "no program 'typo'"));
}

static uint64_t counted(struct hook_test_bpf *object)
{
	uint32_t key = 0;
	uint64_t value = 0;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(object->maps.counts), &key, &value), 0);
	return value;
}

static void chosen_programs_run_and_end(void **state)
{
	const struct hook_job job = { "j", "calls", worse_and_worse, false };
	struct hook_choice choice;
	struct hook_test_bpf *object = hook_test_bpf__open();
	struct hook_links *links = NULL;
	struct error err = {};
	uint64_t after;

	(void)state;
	assert_int_equal(hook_choose(&opener, &job, 1, &choice, &err), 0);
	assert_int_equal(hook_apply(object->obj, &choice, 1, &err), 0);
	assert_true(bpf_program__autoload(object->progs.works));
	assert_false(bpf_program__autoload(object->progs.refused));
	assert_false(bpf_program__autoload(object->progs.works_too));
	assert_true(bpf_program__autoload(object->progs.jobless));
	assert_int_equal(hook_test_bpf__load(object), 0);
	assert_int_equal(hook_attach(&opener, object->obj, &choice, 1, &links, &err), 0);
	assert_non_null(hook_links_find(links, "works"));
	assert_non_null(hook_links_find(links, "jobless"));
	assert_null(hook_links_find(links, "works_too"));
	getppid();
	assert_true(counted(object) > 0);
	hook_links_free(links);
	after = counted(object);
	getppid();
	assert_int_equal(counted(object), after);
	hook_test_bpf__destroy(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_that_works),
		cmocka_unit_test(all_firsts_in_one_trial),
		cmocka_unit_test(none_works),
		cmocka_unit_test(none_works_and_need_not),
		cmocka_unit_test(own_attach_refuses),
		cmocka_unit_test(a_name_that_is_not_there),
		cmocka_unit_test(chosen_programs_run_and_end),
	};

	if (geteuid()) {
		printf("1..0 # SKIP missing root\n");
		return 0;
	}
	bpf_log_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
