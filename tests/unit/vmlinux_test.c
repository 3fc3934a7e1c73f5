// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Holds every struct of src/bpf/vmlinux.h against a kernel's BTF ($SKEP_TEST_BTF, else the running kernel's): each
 * field must be there, of a kind that libbpf will accept. Of a struct in several flavours one must fit whole.
 * VMLINUX_USERS is an object with a variable `use_NAME` of each struct.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <cmocka.h>

#include "base/str.h"

static struct btf *local, *kernel;

static const struct btf_type *bare(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

static const char *name_of(const struct btf *btf, const struct btf_type *t)
{
	return btf__name_by_offset(btf, t->name_off);
}

/* By name, also inside members without one, as CO-RE looks for it. */
static const struct btf_member *member_find(const struct btf *btf, const struct btf_type *t,
					    const char *name)
{
	const struct btf_member *m = btf_members(t), *found;

	for (uint16_t i = 0; i < btf_vlen(t); i++, m++) {
		const char *own = btf__name_by_offset(btf, m->name_off);
		const struct btf_type *inner;

		if (str_eq(own, name))
			return m;
		if (*own)
			continue;
		inner = bare(btf, m->type);
		found = inner && btf_is_composite(inner) ? member_find(btf, inner, name) : NULL;
		if (found)
			return found;
	}
	return NULL;
}

static size_t essential_len(const char *name)
{
	const char *flavour = strstr(name, "___");

	return flavour ? (size_t)(flavour - name) : strlen(name);
}

static bool fits(const struct btf_type *mine, const struct btf_type *theirs, struct strbuf *why,
		 const char *path);

static bool kinds_fit(const struct btf_type *mine, const struct btf_type *theirs,
		      struct strbuf *why, const char *path)
{
	if (btf_is_composite(mine) && btf_is_composite(theirs))
		return fits(mine, theirs, why, path);
	if (btf_is_array(mine) && btf_is_array(theirs))
		return kinds_fit(bare(local, btf_array(mine)->type),
				 bare(kernel, btf_array(theirs)->type), why, path);
	if (btf_kind(mine) == btf_kind(theirs))
		return true;
	/* Numbers are numbers: libbpf follows the size. */
	if ((btf_is_int(mine) || btf_is_any_enum(mine)) &&
	    (btf_is_int(theirs) || btf_is_any_enum(theirs)))
		return true;
	strbuf_addf(why, "%s: kind %d here, %d in the kernel; ", path, btf_kind(mine),
		    btf_kind(theirs));
	return false;
}

static bool fits(const struct btf_type *mine, const struct btf_type *theirs, struct strbuf *why,
		 const char *path)
{
	const struct btf_member *m = btf_members(mine);
	bool ok = true;

	for (uint16_t i = 0; i < btf_vlen(mine); i++, m++) {
		const char *name = btf__name_by_offset(local, m->name_off);
		const struct btf_member *other = member_find(kernel, theirs, name);
		char inner[256];

		snprintf(inner, sizeof(inner), "%s.%s", path, name);
		if (!other) {
			strbuf_addf(why, "%s: not in the kernel; ", inner);
			ok = false;
		} else if (!kinds_fit(bare(local, m->type), bare(kernel, other->type), why,
				      inner)) {
			ok = false;
		}
	}
	return ok;
}

static bool struct_fits(const struct btf_type *mine, struct strbuf *why)
{
	const char *name = name_of(local, mine);
	_free_ char *essential = strndup(name, essential_len(name));
	int32_t id = btf__find_by_name_kind(kernel, essential, BTF_KIND_STRUCT);

	if (id < 0) {
		strbuf_addf(why, "struct %s: not in the kernel; ", essential);
		return false;
	}
	return fits(mine, btf__type_by_id(kernel, (uint32_t)id), why, name);
}

static const struct btf_type *used(uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(local, id);

	return btf_is_var(t) && str_starts(name_of(local, t), "use_") ? bare(local, t->type) : NULL;
}

/* Whether another flavour of the same struct fits. */
static bool other_fits(const struct btf_type *mine)
{
	const char *name = name_of(local, mine);
	size_t len = essential_len(name);

	for (uint32_t id = 1; id < btf__type_cnt(local); id++) {
		_strbuf_ struct strbuf why = {};
		const struct btf_type *t = used(id);
		const char *other = t && t != mine ? name_of(local, t) : NULL;

		if (other && essential_len(other) == len && !memcmp(other, name, len) &&
		    struct_fits(t, &why))
			return true;
	}
	return false;
}

static void all_structs_are_in_the_kernel(void **state)
{
	_strbuf_ struct strbuf all = {};
	size_t count = 0;

	(void)state;
	for (uint32_t id = 1; id < btf__type_cnt(local); id++) {
		_strbuf_ struct strbuf why = {};
		const struct btf_type *t = used(id);

		if (!t)
			continue;
		count++;
		if (!struct_fits(t, &why) && !other_fits(t))
			strbuf_adds(&all, strbuf_str(&why));
	}
	assert_string_equal(strbuf_str(&all), "");
	assert_true(count > 10);
}

/* The check itself: a field and a struct that no kernel has are found out. */
static void what_is_wrong_is_found(void **state)
{
	_strbuf_ struct strbuf why = {};
	int32_t task = btf__find_by_name_kind(local, "task_struct", BTF_KIND_STRUCT);
	int32_t file = btf__find_by_name_kind(kernel, "file", BTF_KIND_STRUCT);

	(void)state;
	assert_true(task > 0 && file > 0);
	assert_false(fits(btf__type_by_id(local, (uint32_t)task),
			  btf__type_by_id(kernel, (uint32_t)file), &why, "x"));
	assert_non_null(strstr(strbuf_str(&why), "x.tgid: not in the kernel"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_structs_are_in_the_kernel),
		cmocka_unit_test(what_is_wrong_is_found),
	};
	const char *path = getenv("SKEP_TEST_BTF");
	int r;

	if (!path)
		path = "/sys/kernel/btf/vmlinux";
	if (access(path, R_OK) < 0) {
		printf("1..0 # SKIP missing BTF of a kernel\n");
		return 0;
	}
	local = btf__parse(VMLINUX_USERS, NULL);
	kernel = btf__parse(path, NULL);
	if (!local || !kernel) {
		printf("Bail out! cannot read %s\n", local ? path : VMLINUX_USERS);
		return 1;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	btf__free(local);
	btf__free(kernel);
	return r;
}
