// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"

static char printed[4096];

/* stderr goes to a pipe from here to the next printed_end(). */
static int saved, pipe_in;

static void printed_begin(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	assert_true(saved >= 0);
	assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
	close(fds[1]);
	pipe_in = fds[0];
}

static const char *printed_end(void)
{
	ssize_t n;

	fflush(stderr);
	n = read(pipe_in, printed, sizeof(printed) - 1);
	printed[n > 0 ? n : 0] = '\0';
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(pipe_in);
	return printed;
}

static void test_levels(void **state)
{
	(void)state;
	assert_int_equal(log_get_level(), LOG_INFO);
	printed_begin();
	log_error("one %d", 1);
	log_warn("two");
	log_info("three");
	log_debug("four");
	log_line(LOG_TRACE, "five");
	assert_string_equal(printed_end(), "skep: one 1\nskep: warning: two\nskep: three\n");

	log_set_level(LOG_TRACE);
	log_set_name("skep flows");
	printed_begin();
	log_debug("four");
	log_line(LOG_TRACE, "five");
	assert_string_equal(printed_end(), "skep flows: debug: four\nskep flows: debug: five\n");

	log_set_level(LOG_ERROR);
	printed_begin();
	log_warn("two");
	log_error("one");
	assert_string_equal(printed_end(), "skep flows: one\n");
	log_set_level(LOG_INFO);
	log_set_name("skep");
}

static void test_one_line_that_obeys_nobody(void **state)
{
	(void)state;
	printed_begin();
	log_error("a\nb\x1b[2J\n\n");
	assert_string_equal(printed_end(), "skep: a\\x0ab\\x1b[2J\n");
	printed_begin();
	log_error("%s", "");
	assert_string_equal(printed_end(), "skep: \n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_one_line_that_obeys_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
