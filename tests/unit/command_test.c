// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands' machinery over a table of the test's own: help, man pages, config, exit codes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/log.h"
#include "command/pages.h"
#include "record/schema.h"

struct bees_options {
	bool all;
	uint64_t top;
	int format;
	uint64_t interval_ns;
	struct option_list names;
	const char *file;
};

struct bee {
	uint32_t pid;
	char comm[16];
	uint64_t honey;
	uint8_t role;
};

static const char *const formats[] = { "table", "json", NULL };
static const char *const roles[] = { "worker", "drone" };

static const struct option_spec more_options[] = {
	OPTION_CHOICE('o', "output", struct bees_options, format, "FORMAT", formats, "table",
		      "form of the output"),
	OPTION_DURATION('i', "interval", struct bees_options, interval_ns, "TIME", "1s",
			"time between two looks into the basket, which must be long enough for the "
			"bees to calm down"),
	OPTION_END
};

static const struct option_spec bees_options[] = {
	OPTION_FLAG('a', "all", struct bees_options, all, "drones, too"),
	OPTION_U64(0, "top", struct bees_options, top, "N", NULL, "only the first N"),
	OPTION_LIST(0, "names-that-take-much-room", struct bees_options, names, "NAME,...",
		    "only these"),
	OPTION_STRING('f', NULL, struct bees_options, file, "FILE", "where they fly",
		      .hint = HINT_FILE),
	OPTION_INCLUDE(more_options, struct bees_options, all),
	OPTION_END
};

static const struct field bee_fields[] = {
	FIELD(struct bee, pid, "PID", 7, "process id"),
	FIELD(struct bee, comm, "COMM", 7, "name of the *bee*"),
	FIELD(struct bee, honey, "HONEY", 7, "what it brought", .unit = UNIT_BYTES),
	FIELD(struct bee, role, "ROLE", 7, "its work", .names = roles,
	      .names_count = ARRAY_SIZE(roles), .flags = FIELD_HIDDEN),
};
static const struct schema bee_schema = { .name = "bee",
					  .help = "one bee",
					  .fields = bee_fields,
					  .count = ARRAY_SIZE(bee_fields),
					  .record_size = sizeof(struct bee) };
static const struct schema *const bee_emits[] = { &bee_schema, NULL };

static const struct example bees_examples[] = {
	{ "skep bees --all", "every bee that is there" },
	{ "skep bees -f '*_x|y'", "`quoted` text_ with *marks* and \\ backslashes" },
	{}
};

static enum exit_code bees_run(const void *options, int count, char **args, struct error *err)
{
	const struct bees_options *o = options;

	(void)err;
	printf("all=%d top=%lu format=%d interval=%lu names=%zu file=%s", o->all, o->top, o->format,
	       o->interval_ns, o->names.count, o->file ? o->file : "");
	for (int i = 0; i < count; i++)
		printf(" [%s]", args[i]);
	printf(" level=%d\n", log_get_level());
	return EXIT_DONE;
}

static const struct command bees_command = {
	.name = "bees",
	.args = "[BASKET]",
	.summary = "what the bees do",
	.description =
		"Shows the bees of a basket, one line for each of them, as they come and go "
		"through the day.\n\nA second paragraph that only the man page has: it is "
		"about *stars*, under_scores_ and `quotes`.\n\n- a paragraph that looks like "
		"a list",
	.options = bees_options,
	.options_size = sizeof(struct bees_options),
	.max_args = 1,
	.emits = bee_emits,
	.examples = bees_examples,
	.notes = "STINGS\n======\n\nThey do.",
	.run = bees_run,
};

static enum exit_code fail_run(const void *options, int count, char **args, struct error *err)
{
	(void)options;
	if (!count)
		return EXIT_FAILED; /* without a word: it has said all that there is */
	if (str_eq(args[0], "usage")) {
		error_set(err, -EINVAL, "that is no basket");
		return EXIT_USAGE;
	}
	error_set(err, -EIO, "the basket fell\nover");
	return str_eq(args[0], "kernel") ? EXIT_KERNEL : EXIT_FAILED;
}

static const struct command fail_command = {
	.name = "fail",
	.args = "[HOW]",
	.summary = "fails",
	.description = "Fails.",
	.max_args = 1,
	.run = fail_run,
};

static const struct command beetle_command = {
	.name = "beetle",
	.summary = "needs what is not there",
	.description = "Needs types.",
	.needs = NEED_BTF,
	.run = bees_run,
	.options_size = sizeof(struct bees_options),
};

const struct command *const commands[] = { &bees_command, &beetle_command, &fail_command, NULL };

struct result {
	int code;
	char out[16384], err[4096];
};

static int memory_file(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void read_back(int fd, char *buf, size_t size)
{
	ssize_t n = pread(fd, buf, size - 1, 0);

	assert_true(n >= 0);
	buf[n] = '\0';
	close(fd);
}

/* command_main in a child, as the program runs it: it sets up the process for its whole life. */
static struct result run(const char *first, ...)
{
	int out = memory_file(), err = memory_file(), status = 0, argc = 0;
	struct result r = {};
	char *argv[16];
	va_list ap;
	pid_t child;

	argv[argc++] = (char *)"skep";
	va_start(ap, first);
	for (const char *word = first; word; word = va_arg(ap, const char *))
		argv[argc++] = (char *)word;
	va_end(ap);
	argv[argc] = NULL;
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		int code;

		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		code = command_main(argc, argv);
		fflush(NULL);
		_exit(code);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	r.code = WEXITSTATUS(status);
	read_back(out, r.out, sizeof(r.out));
	read_back(err, r.err, sizeof(r.err));
	return r;
}

#define CHECK_RUN(wanted, out_text, err_text, ...)         \
	do {                                               \
		struct result r_ = run(__VA_ARGS__, NULL); \
		assert_string_equal(r_.err, err_text);     \
		assert_string_equal(r_.out, out_text);     \
		assert_int_equal(r_.code, wanted);         \
	} while (0)

static const char bees_help[] = "Usage: skep bees [OPTION...] [BASKET]\n"
				"\n"
				"Shows the bees of a basket, one line for each of them, as they\n"
				"come and go through the day.\n"
				"\n"
				"Options:\n"
				"  -a, --all            drones, too\n"
				"      --top=N          only the first N\n"
				"      --names-that-take-much-room=NAME,...\n"
				"                       only these\n"
				"  -f FILE              where they fly\n"
				"  -o, --output=FORMAT  form of the output (table, json; default:\n"
				"                       table)\n"
				"  -i, --interval=TIME  time between two looks into the basket,\n"
				"                       which must be long enough for the bees to\n"
				"                       calm down (default: 1s)\n"
				"\n"
				"Options of every command:\n"
				"  -v, --verbose        say more on stderr; twice: libbpf's\n"
				"                       messages, too\n"
				"  -q, --quiet          say only warnings and errors; twice: only\n"
				"                       errors\n"
				"      --config=FILE    read this in place of /etc/skep/skep.yaml\n"
				"      --version        show the version and end\n"
				"  -h, --help           show this text\n"
				"\n"
				"Examples:\n"
				"  skep bees --all\n"
				"      every bee that is there\n"
				"  skep bees -f '*_x|y'\n"
				"      `quoted` text_ with *marks* and \\ backslashes\n";

static void test_help(void **state)
{
	_strbuf_ struct strbuf page = {};

	(void)state;
	help_of_command(&page, &bees_command, 64);
	assert_string_equal(strbuf_str(&page), bees_help);
	setenv("COLUMNS", "64", 1);
	CHECK_RUN(0, bees_help, "", "bees", "--help");
	CHECK_RUN(0, bees_help, "", "bees", "--bogus", "-h");
	CHECK_RUN(0, bees_help, "", "help", "bees");
	unsetenv("COLUMNS");
}

static void test_help_of_program(void **state)
{
	struct result help = run("--help", NULL), none = run(NULL);

	(void)state;
	assert_int_equal(help.code, 0);
	assert_string_equal(help.err, "");
	assert_non_null(strstr(help.out, "\n  bees        what the bees do\n"));
	assert_non_null(strstr(help.out, "\n  completion  "));
	assert_null(strstr(help.out, "__complete"));
	/* no command at all: the same, on stderr, and wrong use */
	assert_int_equal(none.code, EXIT_USAGE);
	assert_string_equal(none.out, "");
	assert_string_equal(none.err, help.out);
	CHECK_RUN(0, help.out, "", "help");
	CHECK_RUN(0, help.out, "", "-v", "--help", "bees");
}

/* No line is longer than the page, whatever its width. */
static void test_help_fits(void **state)
{
	(void)state;
	for (size_t width = 48; width <= 120; width++) {
		_strbuf_ struct strbuf page = {};

		help_of_command(&page, &bees_command, width);
		help_program(&page, width);
		for (const char *line = strbuf_str(&page); *line;) {
			size_t len = strcspn(line, "\n");

			if (len > width)
				print_message("%zu: %.*s\n", width, (int)len, line);
			assert_true(len <= width);
			line += len + 1;
		}
	}
}

static void test_run(void **state)
{
	(void)state;
	CHECK_RUN(0, "all=0 top=0 format=0 interval=1000000000 names=0 file= level=2\n", "",
		  "bees");
	CHECK_RUN(0, "all=1 top=3 format=1 interval=2000000000 names=2 file=x [b] level=2\n", "",
		  "bees", "-ao", "json", "b", "--top=3", "--names=a,b", "-fx", "--int=2s");
	/* options of every command, in front of it and behind */
	CHECK_RUN(0, "all=0 top=0 format=0 interval=1000000000 names=0 file= level=4\n", "", "-v",
		  "bees", "-v");
	CHECK_RUN(0, "all=0 top=0 format=0 interval=1000000000 names=0 file= level=0\n", "", "-qq",
		  "bees", "-q");
	/* a unique prefix */
	CHECK_RUN(1, "", "", "fa");
}

static void test_version(void **state)
{
	struct result r = run("--version", NULL);

	(void)state;
	assert_int_equal(r.code, 0);
	assert_true(str_starts(r.out, "skep " SKEP_VERSION " (libbpf 1."));
	CHECK_RUN(0, r.out, "", "bees", "--version");
}

static void test_wrong_use(void **state)
{
	(void)state;
	CHECK_RUN(2, "", "skep: unknown command beees; did you mean bees?\nTry: skep --help\n",
		  "beees");
	CHECK_RUN(2, "", "skep: unknown command wasps\nTry: skep --help\n", "wasps");
	CHECK_RUN(2, "", "skep: unknown command \nTry: skep --help\n", "");
	CHECK_RUN(2, "", "skep: bee is ambiguous: bees or beetle\nTry: skep --help\n", "bee");
	CHECK_RUN(2, "", "skep: unknown option --al\nTry: skep --help\n", "--al", "bees");
	CHECK_RUN(2, "",
		  "skep bees: unknown option --tpo; did you mean --top?\nTry: skep bees --help\n",
		  "bees", "--tpo", "3");
	CHECK_RUN(2, "", "skep bees: --top: abc: not a number\nTry: skep bees --help\n", "bees",
		  "--top", "abc");
	CHECK_RUN(2, "", "skep bees: too many arguments: b\nTry: skep bees --help\n", "bees", "a",
		  "b");
	CHECK_RUN(2, "", "skep: --config needs a value\nTry: skep --help\n", "--config");
	CHECK_RUN(2, "",
		  "skep help: unknown command bes; did you mean bees?\nTry: skep help --help\n",
		  "help", "bes");
	CHECK_RUN(2, "", "skep fail: that is no basket\nTry: skep fail --help\n", "fail", "usage");
	CHECK_RUN(2, "", "skep: unknown option -\\x1b\nTry: skep --help\n", "-\x1b[2J");
}

static void test_failures(void **state)
{
	(void)state;
	CHECK_RUN(1, "", "", "fail");
	CHECK_RUN(1, "", "skep fail: the basket fell\\x0aover\n", "fail", "now");
	CHECK_RUN(3, "", "skep fail: the basket fell\\x0aover\n", "fail", "kernel");
}

static void test_need_btf(void **state)
{
	(void)state;
	setenv("SKEP_BTF", "/nowhere/btf", 1);
	CHECK_RUN(3, "",
		  "skep beetle: no kernel type information (BTF) at /nowhere/btf: use a kernel "
		  "with CONFIG_DEBUG_INFO_BTF=y, or set SKEP_BTF to a BTF file of this kernel\n",
		  "beetle");
	setenv("SKEP_BTF", "/proc/self/exe", 1);
	CHECK_RUN(0, "all=0 top=0 format=0 interval=0 names=0 file= level=2\n", "", "beetle");
	unsetenv("SKEP_BTF");
}

static void test_needs_root(void **state)
{
	struct error err = {};

	(void)state;
	if (command_needs(NEED_ROOT, &err) == EXIT_DONE)
		assert_int_equal(err.code, 0);
	else
		assert_true(err.code < 0 && *err.message);
}

static void test_config(void **state)
{
	char path[] = "/tmp/skep-command-XXXXXX";
	_close_ int fd = mkstemp(path);
	static const char good[] =
		"defaults:\n"
		"  bees: {top: 9, output: json, names-that-take-much-room: [x]}\n";
	static const char bad[] = "defaults:\n  bees:\n    topp: 9\n";
	_free_ char *complaint = str_printf("skep bees: %s:3:5: unknown key topp; did you mean "
					    "top?\nTry: skep bees --help\n",
					    path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, good, strlen(good)), strlen(good));
	CHECK_RUN(0, "all=0 top=9 format=1 interval=1000000000 names=1 file= level=2\n", "",
		  "--config", path, "bees");
	/* the command line comes last; a list on it replaces the file's */
	CHECK_RUN(0, "all=0 top=4 format=1 interval=1000000000 names=2 file= level=2\n", "", "bees",
		  "--top=4", "--names=a,b", "--config", path);
	setenv("SKEP_CONFIG", path, 1);
	CHECK_RUN(0, "all=0 top=9 format=1 interval=1000000000 names=1 file= level=2\n", "",
		  "bees");
	CHECK_RUN(0, "all=0 top=0 format=0 interval=1000000000 names=0 file= level=2\n", "", "bees",
		  "--config=/dev/null");
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, bad, strlen(bad), 0), strlen(bad));
	CHECK_RUN(2, "", complaint, "bees");
	/* help does not need the file */
	assert_int_equal(run("bees", "--help", NULL).code, 0);
	assert_int_equal(run("help", "bees", NULL).code, 0);
	unlink(path);
	setenv("SKEP_CONFIG", "/nowhere/skep.yaml", 1);
	CHECK_RUN(1, "", "skep bees: /nowhere/skep.yaml: No such file or directory\n", "bees");
	setenv("SKEP_CONFIG", "/dev/null", 1);
}

static void test_complete(void **state)
{
	(void)state;
	CHECK_RUN(0, "bees\nbeetle\nfail\ncompletion\nhelp\n", "", "__complete", "command");
	CHECK_RUN(0, "pid\ncomm\nhoney\nrole\n", "", "__complete", "field", "bees");
	CHECK_RUN(0, "", "", "__complete", "field", "fail");
	CHECK_RUN(0, "", "", "__complete", "nonsense");
	CHECK_RUN(2, "", "skep completion: which shell? bash or zsh\nTry: skep completion --help\n",
		  "completion");
}

static int rst2man(const struct strbuf *page)
{
	char path[] = "/tmp/skep-man-XXXXXX";
	_close_ int fd = mkstemp(path);
	_free_ char *line = str_printf("rst2man --halt=warning %s >/dev/null", path);
	int status;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, page->data, page->len), page->len);
	status = system(line);
	unlink(path);
	return status;
}

static void test_man(void **state)
{
	static const char *const parts[] = {
		"\nSYNOPSIS\n=====",
		"\nDESCRIPTION\n=====",
		"\nOPTIONS\n=====",
		"\nOUTPUT\n=====",
		"\nbee\n---\n",
		"**honey** (integer, bytes; column HONEY)\n",
		"**role** (text)\n    its work: one of worker, drone\n",
		"\nEXAMPLES\n=====",
		"\nSTINGS\n=====",
		"\nEXIT STATUS\n=====",
		"\nSEE ALSO\n====="
	};
	_strbuf_ struct strbuf page = {}, program = {};

	(void)state;
	man_command(&page, &bees_command);
	man_program(&program);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!strstr(strbuf_str(&page), parts[i]))
			print_message("missing: %s\n", parts[i]);
		assert_non_null(strstr(strbuf_str(&page), parts[i]));
	}
	assert_non_null(strstr(strbuf_str(&program), "**skep-bees**\\ (8)"));
	assert_null(strstr(strbuf_str(&program), "skep-help"));
	if (system("rst2man --version >/dev/null 2>&1"))
		skip();
	assert_int_equal(rst2man(&page), 0);
	assert_int_equal(rst2man(&program), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_help),	   cmocka_unit_test(test_help_of_program),
		cmocka_unit_test(test_help_fits),  cmocka_unit_test(test_run),
		cmocka_unit_test(test_version),	   cmocka_unit_test(test_wrong_use),
		cmocka_unit_test(test_failures),   cmocka_unit_test(test_need_btf),
		cmocka_unit_test(test_needs_root), cmocka_unit_test(test_config),
		cmocka_unit_test(test_complete),   cmocka_unit_test(test_man),
	};

	unsetenv("COLUMNS");
	setenv("SKEP_CONFIG", "/dev/null", 1); /* not the host's */
	unsetenv("SKEP_BTF");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
