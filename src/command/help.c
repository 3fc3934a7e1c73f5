// SPDX-License-Identifier: GPL-2.0-or-later
/* --help: pages for a terminal, made from the tables. And `skep help`. */
#include <errno.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/num.h"
#include "command/pages.h"

enum { WIDTH_LEAST = 40, WIDTH_MOST = 120, OPTION_COLUMN_MOST = 30 };

size_t help_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = {};
	uint64_t width = 80;

	if (!columns || num_parse(columns, 1, UINT16_MAX, &width, NULL)) {
		if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
			width = size.ws_col;
	}
	return MIN(MAX(width, WIDTH_LEAST), WIDTH_MOST);
}

static void add_spaces(struct strbuf *out, size_t count)
{
	while (count--)
		strbuf_addc(out, ' ');
}

/* Adds words from column `at` on, lines after the first indented by `indent`; ends the line. */
static void add_wrapped(struct strbuf *out, const char *text, size_t at, size_t indent,
			size_t width)
{
	bool first = true;

	for (;;) {
		size_t len, columns;

		text += strspn(text, " \n");
		len = strcspn(text, " \n");
		if (!len)
			break;
		columns = str_columns(text, len);
		if (!first && at + 1 + columns > width) {
			strbuf_addc(out, '\n');
			add_spaces(out, indent);
			at = indent;
		} else if (!first) {
			strbuf_addc(out, ' ');
			at++;
		}
		strbuf_add(out, text, len);
		at += columns;
		text += len;
		first = false;
	}
	strbuf_addc(out, '\n');
}

/* "  -e, --events" or "      --interval=TIME" */
static void add_option_names(struct strbuf *out, const struct option_spec *o)
{
	if (o->letter)
		strbuf_addf(out, "  -%c%s", o->letter, o->name ? ", " : "");
	else
		strbuf_adds(out, "      ");
	if (o->name)
		strbuf_addf(out, "--%s", o->name);
	if (o->arg)
		strbuf_addf(out, "%c%s", o->name ? '=' : ' ', o->arg);
}

static void add_option_help(struct strbuf *out, const struct option_spec *o)
{
	strbuf_adds(out, o->help);
	if (o->type != OPT_CHOICE && !o->preset)
		return;
	strbuf_adds(out, " (");
	if (o->type == OPT_CHOICE) {
		for (size_t i = 0; o->choices[i]; i++)
			strbuf_addf(out, "%s%s", i ? ", " : "", o->choices[i]);
		strbuf_adds(out, o->preset ? "; " : "");
	}
	if (o->preset)
		strbuf_addf(out, "default: %s", o->preset);
	strbuf_addc(out, ')');
}

struct option_page {
	struct strbuf *out;
	size_t column, width;
};

static int measure_option(const struct option_spec *o, size_t offset, void *context)
{
	_strbuf_ struct strbuf names = {};
	struct option_page *page = context;
	size_t need;

	(void)offset;
	add_option_names(&names, o);
	need = names.len + 2;
	if (need <= OPTION_COLUMN_MOST && need > page->column)
		page->column = need;
	return 0;
}

static int print_option(const struct option_spec *o, size_t offset, void *context)
{
	_strbuf_ struct strbuf left = {}, right = {};
	struct option_page *page = context;

	(void)offset;
	add_option_names(&left, o);
	add_option_help(&right, o);
	strbuf_adds(page->out, strbuf_str(&left));
	if (left.len + 2 > page->column) {
		strbuf_addc(page->out, '\n');
		add_spaces(page->out, page->column);
	} else {
		add_spaces(page->out, page->column - left.len);
	}
	add_wrapped(page->out, strbuf_str(&right), page->column, page->column, page->width);
	return 0;
}

static const struct option_spec help_option[] = {
	{ .type = OPT_FLAG, .letter = 'h', .name = "help", .help = "show this text" }, OPTION_END
};

/* The options of a command (or none) and then those of every command, in the same two columns. */
static void add_options(struct strbuf *out, const struct option_spec *table, size_t width)
{
	struct option_page page = { out, 0, width };

	options_each(table, 0, measure_option, &page);
	options_each(global_option_table, 0, measure_option, &page);
	if (table && table->type != OPT_END) {
		strbuf_adds(out, "\nOptions:\n");
		options_each(table, 0, print_option, &page);
		strbuf_adds(out, "\nOptions of every command:\n");
	} else {
		strbuf_adds(out, "\nOptions:\n");
	}
	options_each(global_option_table, 0, print_option, &page);
	options_each(help_option, 0, print_option, &page);
}

static int measure_command(const struct command *command, void *context)
{
	size_t *column = context;

	*column = MAX(*column, strlen(command->name) + 4);
	return 0;
}

static int print_command(const struct command *command, void *context)
{
	struct option_page *page = context;

	strbuf_addf(page->out, "  %s", command->name);
	add_spaces(page->out, page->column - strlen(command->name) - 2);
	add_wrapped(page->out, command->summary, page->column, page->column, page->width);
	return 0;
}

void help_program(struct strbuf *out, size_t width)
{
	struct option_page page = { out, 0, width };

	strbuf_adds(out, "Usage: skep [OPTION...] COMMAND [ARGUMENT...]\n\n");
	add_wrapped(out,
		    "Runs, connects, steers, guards and shows containers on Linux, with eBPF, on a "
		    "stock kernel.",
		    0, 0, width);
	strbuf_adds(out, "\nCommands:\n");
	command_each(measure_command, &page.column);
	command_each(print_command, &page);
	add_options(out, NULL, width);
	strbuf_adds(out, "\n'skep help COMMAND' tells more about each.\n");
}

void help_of_command(struct strbuf *out, const struct command *command, size_t width)
{
	const char *end = strstr(command->description, "\n\n");
	_free_ char *paragraph =
		end ? strndup(command->description, (size_t)(end - command->description))
		    : strdup(command->description);

	strbuf_addf(out, "Usage: skep %s [OPTION...]%s%s\n\n", command->name,
		    command->args ? " " : "", command->args ? command->args : "");
	add_wrapped(out, paragraph ? paragraph : command->summary, 0, 0, width);
	add_options(out, command->options, width);
	if (command->examples && command->examples->line)
		strbuf_adds(out, "\nExamples:\n");
	for (const struct example *e = command->examples; e && e->line; e++) {
		strbuf_addf(out, "  %s\n", e->line);
		add_spaces(out, 6);
		add_wrapped(out, e->says, 6, 6, width);
	}
}

int page_print(const struct strbuf *text, struct error *err)
{
	if (text->failed)
		return error_set(err, -ENOMEM, "out of memory");
	if (fwrite(strbuf_str(text), 1, text->len, stdout) == text->len && !fflush(stdout))
		return 0;
	return errno == EPIPE ? 0 : error_errno(err, -errno, "standard output");
}

struct help_options {
	bool man;
};

static const struct option_spec help_options[] = {
	OPTION_FLAG(0, "man", struct help_options, man,
		    "print the man page instead, as reStructuredText for rst2man"),
	OPTION_END
};

static enum exit_code help_run(const void *options, int count, char **args, struct error *err)
{
	const struct help_options *o = options;
	const struct command *command = NULL;
	_strbuf_ struct strbuf page = {};

	if (count && command_lookup(args[0], &command, err))
		return EXIT_USAGE;
	if (o->man && command)
		man_command(&page, command);
	else if (o->man)
		man_program(&page);
	else if (command)
		help_of_command(&page, command, help_width());
	else
		help_program(&page, help_width());
	return page_print(&page, err) ? EXIT_FAILED : EXIT_DONE;
}

const struct command help_command = {
	.name = "help",
	.args = "[COMMAND]",
	.summary = "show what a command does and takes",
	.description =
		"Shows the help of a command, as 'skep COMMAND --help' does, or that of skep "
		"itself.",
	.options = help_options,
	.options_size = sizeof(struct help_options),
	.max_args = 1,
	.args_hint = HINT_COMMAND,
	.run = help_run,
};
