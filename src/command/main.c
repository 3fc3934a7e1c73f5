// SPDX-License-Identifier: GPL-2.0-or-later
/* From argv to a command's run, and from what it returns to an exit code and one line of error. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>

#include "base/log.h"
#include "command/pages.h"
#include "config/config.h"
#include "kernel/bpf_log.h"
#include "record/output.h"

const struct option_spec global_option_table[] = {
	OPTION_COUNT('v', "verbose", struct global_options, verbose,
		     "say more on stderr; twice: libbpf's messages, too"),
	OPTION_COUNT('q', "quiet", struct global_options, quiet,
		     "say only warnings and errors; twice: only errors"),
	OPTION_STRING(0, "config", struct global_options, config, "FILE",
		      "read this in place of /etc/skep/skep.yaml", .hint = HINT_FILE),
	OPTION_FLAG(0, "version", struct global_options, version, "show the version and end"),
	OPTION_END
};

const struct command *const builtin_commands[] = { &completion_command, &help_command, NULL };

int command_each(int (*fn)(const struct command *command, void *context), void *context)
{
	const struct command *const *lists[] = { commands, builtin_commands };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (const struct command *const *c = lists[i]; *c; c++) {
			int r = fn(*c, context);

			if (r)
				return r;
		}
	}
	return 0;
}

bool command_is_builtin(const struct command *command)
{
	for (const struct command *const *c = builtin_commands; *c; c++) {
		if (*c == command)
			return true;
	}
	return command == &complete_command;
}

struct lookup {
	const char *name;
	size_t len;
	bool exact;
	const struct command *found, *another;
	struct str_nearest nearest;
};

static int lookup_one(const struct command *command, void *context)
{
	struct lookup *l = context;

	str_nearest_offer(&l->nearest, command->name);
	if (strncmp(command->name, l->name, l->len))
		return 0;
	if (!command->name[l->len]) {
		l->found = command;
		l->another = NULL;
		return 1;
	}
	if (l->found)
		l->another = command;
	else
		l->found = command;
	return 0;
}

int command_lookup(const char *name, const struct command **ret, struct error *err)
{
	struct lookup l = { .name = name, .len = strlen(name), .nearest.word = name };

	if (l.len)
		command_each(lookup_one, &l);
	if (l.another)
		return error_set(err, -EINVAL, "%s is ambiguous: %s or %s", name, l.found->name,
				 l.another->name);
	if (!l.found && l.nearest.best)
		return error_set(err, -EINVAL, "unknown command %s; did you mean %s?", name,
				 l.nearest.best);
	if (!l.found)
		return error_set(err, -EINVAL, "unknown command %s", name);
	*ret = l.found;
	return 0;
}

const struct command *command_find(const char *name)
{
	const struct command *command = NULL;

	command_lookup(name, &command, NULL);
	return command;
}

static enum exit_code print_version(struct error *err)
{
	_strbuf_ struct strbuf text = {};
	/* "v1.4" */
	const char *libbpf = libbpf_version_string();

	strbuf_addf(&text, "skep %s (libbpf %s)\n", SKEP_VERSION, libbpf + (*libbpf == 'v'));
	return page_print(&text, err) ? EXIT_FAILED : EXIT_DONE;
}

static void set_log_level(const struct global_options *g)
{
	int level = LOG_INFO + (int)g->verbose - (int)g->quiet;

	log_set_level((enum log_level)MIN(MAX(level, LOG_ERROR), LOG_TRACE));
}

/*
 * One call of a command: its options and those of every command in one block of memory, so that
 * one table parses both.
 */
struct call {
	const struct command *command;
	struct option_spec table[3];
	void *options; /* owned */
	struct global_options *globals;
	int count;   /* of positional arguments */
	char **args; /* owned, the texts are argv's */
};

static void call_free(struct call *call)
{
	if (call->options)
		options_free(call->table, call->options);
	free(call->options);
	free(call->args);
}

static int call_init(struct call *call, const struct command *command,
		     const struct global_options *globals, struct error *err)
{
	size_t align = _Alignof(max_align_t);
	size_t offset = (command->options_size + align - 1) / align * align;

	call->command = command;
	call->table[0] = (struct option_spec){ .type = OPT_INCLUDE, .include = command->options };
	call->table[1] = (struct option_spec){ .type = OPT_INCLUDE,
					       .include = global_option_table,
					       .offset = offset };
	call->options = calloc(1, offset + sizeof(*globals));
	if (!call->options)
		return error_set(err, -ENOMEM, "out of memory");
	call->globals = (void *)((char *)call->options + offset);
	*call->globals = *globals;
	return options_preset(call->table, call->options, err);
}

/* Parses a copy of argv, whose first word is the command's name. */
static int call_parse(struct call *call, int argc, char **argv, bool *ret_help, struct error *err)
{
	int r;

	call->args = calloc((size_t)argc + 1, sizeof(*argv));
	if (!call->args)
		return error_set(err, -ENOMEM, "out of memory");
	memcpy(call->args, argv, (size_t)argc * sizeof(*argv));
	r = options_parse(call->table, call->options, argc, call->args, &call->count, ret_help,
			  err);
	if (!r && !*ret_help && (unsigned int)call->count > call->command->max_args)
		r = error_set(err, -EINVAL, "too many arguments: %s",
			      call->args[1 + call->command->max_args]);
	return r;
}

struct names {
	const char **list;
	size_t count;
};

static int collect_name(const struct command *command, void *context)
{
	struct names *names = context;

	if (names->list && !command_is_builtin(command))
		names->list[names->count] = command->name;
	names->count += !command_is_builtin(command);
	return 0;
}

/* Each name under `defaults:` must be a command. */
static int check_defaults(const struct config *config, struct error *err)
{
	_free_ const char **list = NULL;
	struct names names = {};

	command_each(collect_name, &names);
	list = calloc(names.count + 1, sizeof(*list));
	if (!list)
		return error_set(err, -ENOMEM, "out of memory");
	names = (struct names){ .list = list };
	command_each(collect_name, &names);
	return config_defaults_check(config, list, err);
}

/* Loads the file that was asked for, or the host's, which may be absent (*ret stays NULL). */
static int load_config(const char *path, struct config **ret, struct error *err)
{
	static const char host[] = "/etc/skep/skep.yaml";
	const char *variable = getenv("SKEP_CONFIG");
	int r;

	if (!path && variable && *variable)
		path = variable;
	r = config_load_file(path ? path : host, ret, err);
	if (r != -ENOENT || path)
		return r;
	*err = (struct error){};
	return 0;
}

static int apply_config(struct call *call, const struct config *config, struct error *err)
{
	int r = check_defaults(config, err);

	if (r)
		return r;
	return config_defaults_apply(config, call->command->name, call->command->options,
				     call->options, err);
}

/* The shared options of sources, if the command's table includes them. */
static const struct output_options *call_output(const struct call *call)
{
	const struct option_spec *o;

	for (o = call->command->options; o && o->type != OPT_END; o++)
		if (o->type == OPT_INCLUDE && o->include == output_option_table)
			return (const void *)((const char *)call->options + o->offset);
	return NULL;
}

static enum exit_code print_schemas(const struct command *command, bool json, struct error *err)
{
	_strbuf_ struct strbuf page = {};
	int r;

	for (const struct schema *const *s = command->emits; s && *s; s++) {
		if (!json)
			strbuf_addf(&page, "%s%s: %s\n", s == command->emits ? "" : "\n",
				    (*s)->name, (*s)->help);
		r = schema_print(*s, json, &page);
		if (r) {
			error_errno(err, r, "schema");
			return EXIT_FAILED;
		}
	}
	return page_print(&page, err) ? EXIT_FAILED : EXIT_DONE;
}

static enum exit_code run(struct call *call, struct error *err)
{
	const struct output_options *output = call_output(call);
	const struct command *command = call->command;
	enum exit_code code;

	set_log_level(call->globals);
	if (output && output->schema)
		return print_schemas(command, output->format == OUTPUT_JSON, err);
	code = command_needs(command->needs, err);
	if (!code)
		code = command->run(call->options, call->count, call->args + 1, err);
	/* the reader went away: an end like another */
	if (code == EXIT_FAILED && err->code == -EPIPE)
		return EXIT_DONE;
	if (code == EXIT_DONE && fflush(stdout) && errno != EPIPE) {
		error_errno(err, -errno, "standard output");
		code = EXIT_FAILED;
	}
	return code;
}

static enum exit_code print_help(const struct command *command, struct error *err)
{
	_strbuf_ struct strbuf page = {};

	if (command)
		help_of_command(&page, command, help_width());
	else
		help_program(&page, help_width());
	return page_print(&page, err) ? EXIT_FAILED : EXIT_DONE;
}

/*
 * The file with the defaults is named on the command line, and the command line is parsed over the
 * defaults: so it is parsed twice. argv[0] is the command's name.
 */
static enum exit_code command_call(const struct command *command, int argc, char **argv,
				   const struct global_options *globals, struct error *err)
{
	CLEANUP(config_cleanup) struct config *config = NULL;
	CLEANUP(call_free) struct call first = {}, call = {};
	bool help = false;
	int r;

	if (call_init(&first, command, globals, err) || call_init(&call, command, globals, err))
		return EXIT_FAILED;
	if (call_parse(&first, argc, argv, &help, err))
		return EXIT_USAGE;
	if (help)
		return print_help(command, err);
	if (first.globals->version)
		return print_version(err);
	if (command_is_builtin(command))
		return run(&first, err);
	r = load_config(first.globals->config, &config, err);
	if (!r && config)
		r = apply_config(&call, config, err);
	if (r)
		return r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	if (call_parse(&call, argc, argv, &help, err))
		return EXIT_USAGE;
	return run(&call, err);
}

/* "skep", then "skep flows": what stands in front of messages. */
static char program_name[64] = "skep";

/* Files that skep opens must not become its stdout: a closed standard descriptor is filled. */
static void fill_standard_fds(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		/* read-only, so that writes to what was closed still fail */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			_exit(EXIT_FAILED);
	}
}

static void set_up(void)
{
	fill_standard_fds();
	/* a reader that goes away is an error of write(), handled there */
	signal(SIGPIPE, SIG_IGN);
	bpf_log_init();
	/* only character widths: numbers look the same everywhere */
	if (!setlocale(LC_CTYPE, "") || str_columns("\u4e2d", 3) != 2)
		setlocale(LC_CTYPE, "C.UTF-8");
}

/* The words before the command, then the command. */
static enum exit_code main_run(int argc, char **argv, struct error *err)
{
	const struct command *command = NULL;
	int lead = options_leading(global_option_table, argc, argv), count = 0;
	struct global_options globals = {};
	bool help = false;

	if (options_parse(global_option_table, &globals, lead + 1, argv, &count, &help, err))
		return EXIT_USAGE;
	if (help)
		return print_help(NULL, err);
	if (globals.version)
		return print_version(err);
	argc -= lead + 1;
	argv += lead + 1;
	if (argc <= 0) {
		_strbuf_ struct strbuf page = {};

		help_program(&page, help_width());
		fputs(strbuf_str(&page), stderr);
		return EXIT_USAGE;
	}
	if (str_eq(argv[0], complete_command.name))
		command = &complete_command;
	else if (command_lookup(argv[0], &command, err))
		return EXIT_USAGE;
	snprintf(program_name, sizeof(program_name), "skep %s", command->name);
	return command_call(command, argc, argv, &globals, err);
}

int command_main(int argc, char **argv)
{
	struct error err = {};
	enum exit_code code;

	set_up();
	log_set_name(program_name);
	code = main_run(argc, argv, &err);
	if (code != EXIT_DONE && err.code)
		log_error("%s", err.message);
	if (code == EXIT_USAGE && err.code)
		fprintf(stderr, "Try: %s --help\n", program_name);
	return code;
}
