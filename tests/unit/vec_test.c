// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/vec.h"

struct point {
	int x, y;
};

static void test_push(void **state)
{
	VEC(int) numbers = {};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_true(vec_push(&numbers, i));
		assert_int_equal(numbers.len, i + 1);
		assert_true(numbers.size >= numbers.len);
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(numbers.data[i], i);
	vec_free(&numbers);
	assert_null(numbers.data);
	assert_int_equal(numbers.len, 0);
	assert_int_equal(numbers.size, 0);
}

static void test_push_literal(void **state)
{
	VEC(struct point) points = {};

	(void)state;
	assert_true(vec_push(&points, (struct point){ 1, 2 }));
	assert_int_equal(points.data[0].y, 2);
	vec_free(&points);
}

static void test_too_large(void **state)
{
	size_t size = 0;
	void *data;

	(void)state;
	assert_null(vec_grow(NULL, &size, SIZE_MAX, 1));
	assert_null(vec_grow(NULL, &size, SIZE_MAX / 4, 64));
	assert_int_equal(size, 0);
	data = vec_grow(NULL, &size, 3, 4);
	assert_non_null(data);
	assert_true(size >= 3);
	assert_ptr_equal(vec_grow(data, &size, 2, 4), data);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_push),
		cmocka_unit_test(test_push_literal),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
