// SPDX-License-Identifier: GPL-2.0-or-later
/* cgroup_path_match() against the corpus tests/unit/data/cgroups.txt. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/str.h"
#include "identity/identity.h"

enum { COLUMNS = 6, LINES_LEAST = 60 };

/* %XX and {TEXT*N} written out. */
static char *expand(const char *text)
{
	_strbuf_ struct strbuf out = {};

	for (const char *p = text; *p;) {
		const char *star = *p == '{' ? strchr(p, '*') : NULL;
		unsigned int byte;

		if (star) {
			char *end;

			for (long n = strtol(star + 1, &end, 10); n > 0; n--)
				strbuf_add(&out, p + 1, (size_t)(star - p - 1));
			assert_int_equal(*end, '}');
			p = end + 1;
		} else if (*p == '%') {
			assert_int_equal(sscanf(p + 1, "%2x", &byte), 1);
			strbuf_addc(&out, (char)byte);
			p += 3;
		} else {
			strbuf_addc(&out, *p++);
		}
	}
	strbuf_adds(&out, "");
	return out.data ? TAKE_PTR(out.data) : strdup("");
}

static void check(const char *kind, const char *what, const char *expected, const char *got)
{
	_free_ char *want = expand(str_eq(expected, "-") ? "" : expected);

	if (!str_eq(want, got))
		fail_msg("%s: %s is \"%s\", not \"%s\"", kind, what, got, want);
}

static void check_line(char *line)
{
	char *column[COLUMNS] = {};
	struct cgroup_match match = {};
	_free_ char *path = NULL;
	bool found;

	for (size_t i = 0; i < COLUMNS; i++) {
		column[i] = strsep(&line, "\t");
		assert_non_null(column[i]);
	}
	assert_null(line);
	path = expand(column[1]);
	found = cgroup_path_match(path, &match);
	if (found != !str_eq(column[2], "-"))
		fail_msg("%s: %s", column[0], found ? "found something" : "found nothing");
	check(column[0], "runtime", column[2], runtime_names[match.runtime]);
	check(column[0], "id", column[3], match.id);
	check(column[0], "pod", column[4], match.pod_uid);
	check(column[0], "outer", column[5], match.outer_id);
}

static void test_corpus(void **state)
{
	_free_ char *text = NULL;
	size_t checked = 0;
	char *rest, *line;

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, TEST_DATA "/cgroups.txt", 1 << 20, &text, NULL), 0);
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		if (!*line || *line == '#')
			continue;
		check_line(line);
		checked++;
	}
	assert_true(checked >= LINES_LEAST);
}

static void test_untouched(void **state)
{
	struct cgroup_match match = { .id = "kept" };

	(void)state;
	assert_false(cgroup_path_match("/nothing/known", &match));
	assert_string_equal(match.id, "kept");
}

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < RUNTIME_COUNT; i++)
		assert_non_null(runtime_names[i]);
	assert_string_equal(runtime_names[RUNTIME_UNIT], "unit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
