// SPDX-License-Identifier: GPL-2.0-or-later
/* Man pages as reStructuredText for rst2man, made from the tables: skep.8 and skep-NAME.8. */
#include "command/pages.h"
#include "record/output.h"
#include "record/where.h"

/* Adds text so that rst shows it as it is, in one line. */
static void add_plain(struct strbuf *out, const char *text, size_t len)
{
	bool space = false, begun = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == ' ' || text[i] == '\n') {
			space = begun;
			continue;
		}
		if (space)
			strbuf_addc(out, ' ');
		/* what would begin a list, a directive or a field is marked, too */
		if (strchr("\\*`|_<>", text[i]) || (!begun && strchr("-+.:#=~^\"'(", text[i])))
			strbuf_addc(out, '\\');
		strbuf_addc(out, text[i]);
		space = false;
		begun = true;
	}
}

static void add_text(struct strbuf *out, const char *text)
{
	add_plain(out, text, strlen(text));
}

static void add_paragraphs(struct strbuf *out, const char *text)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t len = end ? (size_t)(end - text) : strlen(text);

		add_plain(out, text, len);
		strbuf_adds(out, "\n\n");
		text += len + (end ? 2 : 0);
	}
}

static void add_line(struct strbuf *out, char c, size_t count)
{
	while (count--)
		strbuf_addc(out, c);
	strbuf_addc(out, '\n');
}

static void add_heading(struct strbuf *out, const char *title, char line)
{
	strbuf_addf(out, "%s\n", title);
	add_line(out, line, str_columns(title, strlen(title)));
	strbuf_addc(out, '\n');
}

static void add_title(struct strbuf *out, const char *name, const char *summary)
{
	size_t width = str_columns(summary, strlen(summary));

	add_line(out, '=', strlen(name));
	strbuf_addf(out, "%s\n", name);
	add_line(out, '=', strlen(name));
	strbuf_addc(out, '\n');
	/* escapes make the title longer than it looks */
	add_line(out, '-', width * 2);
	add_text(out, summary);
	strbuf_addc(out, '\n');
	add_line(out, '-', width * 2);
	strbuf_addf(out, "\n:Manual section: 8\n:Manual group: skep\n:Version: skep %s\n\n",
		    SKEP_VERSION);
}

/* A term in bold with its explanation. */
static void add_term(struct strbuf *out, const char *term, const char *text)
{
	strbuf_adds(out, "**");
	add_text(out, term);
	strbuf_adds(out, "**\n    ");
	add_text(out, text);
	strbuf_adds(out, "\n\n");
}

static int add_option(const struct option_spec *o, size_t offset, void *context)
{
	struct strbuf *out = context;

	(void)offset;
	if (o->letter)
		strbuf_addf(out, "**-%c**", o->letter);
	if (o->letter && o->name)
		strbuf_adds(out, ", ");
	if (o->name)
		strbuf_addf(out, "**--%s**", o->name);
	if (o->arg) {
		strbuf_adds(out, " *");
		add_text(out, o->arg);
		strbuf_addc(out, '*');
	}
	strbuf_adds(out, "\n    ");
	add_text(out, o->help);
	strbuf_adds(out, o->preset || o->type == OPT_CHOICE ? ".\n" : "\n");
	if (o->type == OPT_CHOICE) {
		strbuf_adds(out, "    One of");
		for (size_t i = 0; o->choices[i]; i++)
			strbuf_addf(out, "%s**%s**", i ? ", " : " ", o->choices[i]);
		strbuf_adds(out, ".\n");
	}
	if (o->preset) {
		strbuf_adds(out, "    Default: ");
		add_text(out, o->preset);
		strbuf_adds(out, ".\n");
	}
	strbuf_addc(out, '\n');
	return 0;
}

static void add_exit_status(struct strbuf *out)
{
	add_heading(out, "EXIT STATUS", '=');
	add_term(out, "0", "done");
	add_term(out, "1", "failed; the reason is on standard error");
	add_term(out, "2", "wrong use: of the command line or of a file");
	add_term(out, "3", "this kernel lacks something; which is on standard error");
}

static const char *type_name(const struct field *f)
{
	if (f->names || f->unit == UNIT_TIME)
		return "text";
	switch (f->type) {
	case FIELD_BOOL: return "bool";
	case FIELD_U8:
	case FIELD_U16:
	case FIELD_U32:
	case FIELD_U64: return f->unit == UNIT_ID || f->unit == UNIT_HEX ? "text" : "integer";
	case FIELD_I32:
	case FIELD_I64: return "integer";
	case FIELD_DOUBLE: return "number";
	case FIELD_CHARS:
	case FIELD_STRING: return "text";
	case FIELD_ADDR: return "address";
	}
	return "";
}

static const char *unit_name(enum field_unit unit)
{
	switch (unit) {
	case UNIT_BYTES: return ", bytes";
	case UNIT_NS: return ", nanoseconds";
	case UNIT_TIME: return ", RFC 3339";
	case UNIT_PERCENT: return ", percent";
	case UNIT_HEX: return ", hexadecimal";
	case UNIT_ID: return ", an id";
	case UNIT_PORT: return ", a port";
	case UNIT_NONE: break;
	}
	return "";
}

static void add_field(struct strbuf *out, const struct field *f)
{
	strbuf_adds(out, "**");
	add_text(out, f->name);
	strbuf_addf(out, "** (%s%s", type_name(f), unit_name(f->unit));
	if (f->header && !(f->flags & FIELD_HIDDEN)) {
		strbuf_adds(out, "; column ");
		add_text(out, f->header);
	}
	strbuf_adds(out, ")\n    ");
	add_text(out, f->help);
	if (f->names) {
		const char *comma = ": one of ";

		for (size_t i = 0; i < f->names_count; i++) {
			if (!f->names[i] || !*f->names[i])
				continue;
			strbuf_adds(out, comma);
			add_text(out, f->names[i]);
			comma = ", ";
		}
	}
	strbuf_adds(out, "\n\n");
}

static void add_output(struct strbuf *out, const struct command *command)
{
	if (!command->emits || !*command->emits)
		return;
	add_heading(out, "OUTPUT", '=');
	strbuf_adds(out, "The names are those of JSON, CSV, **--columns**, **--where** and "
			 "**--sort**.\n\n");
	for (const struct schema *const *s = command->emits; *s; s++) {
		add_heading(out, (*s)->name, '-');
		add_paragraphs(out, (*s)->help);
		for (size_t i = 0; i < (*s)->count; i++)
			add_field(out, &(*s)->fields[i]);
	}
}

static void add_filters(struct strbuf *out, const struct command *command)
{
	for (const struct option_spec *o = command->options; o && o->type != OPT_END; o++) {
		if (o->type != OPT_INCLUDE || o->include != output_option_table)
			continue;
		add_heading(out, "FILTERS", '=');
		strbuf_addf(out, "%s\n", where_manual);
	}
}

static int add_reference(const struct command *command, void *context)
{
	for (const struct command *const *b = builtin_commands; *b; b++) {
		if (*b == command)
			return 0;
	}
	strbuf_addf(context, ", **skep-%s**\\ (8)", command->name);
	return 0;
}

void man_command(struct strbuf *out, const struct command *command)
{
	_free_ char *name = str_printf("skep-%s", command->name);

	add_title(out, name ? name : "", command->summary);
	add_heading(out, "SYNOPSIS", '=');
	strbuf_addf(out, "**skep %s** [*OPTION*...]", command->name);
	if (command->args) {
		strbuf_addc(out, ' ');
		add_text(out, command->args);
	}
	strbuf_adds(out, "\n\n");
	add_heading(out, "DESCRIPTION", '=');
	add_paragraphs(out, command->description);
	add_heading(out, "OPTIONS", '=');
	options_each(command->options, 0, add_option, out);
	strbuf_adds(out, "The options that every command takes are in **skep**\\ (8).\n\n");
	add_output(out, command);
	add_filters(out, command);
	if (command->examples && command->examples->line)
		add_heading(out, "EXAMPLES", '=');
	for (const struct example *e = command->examples; e && e->line; e++)
		add_term(out, e->line, e->says);
	if (command->notes)
		strbuf_addf(out, "%s\n\n", command->notes);
	add_exit_status(out);
	add_heading(out, "SEE ALSO", '=');
	strbuf_adds(out, "**skep**\\ (8)\n");
}

static int add_command(const struct command *command, void *context)
{
	add_term(context, command->name, command->summary);
	return 0;
}

struct entry {
	const char *name, *text;
};

static const struct entry environment[] = {
	{ "COLUMNS", "width of the help text and of tables, in place of the terminal's own" },
	{ "NO_COLOR", "no colour, when it is set to anything" },
	{ "SKEP_BTF", "a BTF file that describes the types of the running kernel, in place of "
		      "/sys/kernel/btf/vmlinux" },
	{ "SKEP_CONFIG", "file to read in place of /etc/skep/skep.yaml" },
	{ "SKEP_HOOKS",
	  "for tests: the hooks to use for a job, as udp=fexit,accept=kprobe; no others are tried "
	  "for it" },
	{}
};

static const struct entry files[] = {
	{ "/etc/skep/skep.yaml",
	  "what the host has set. The section defaults gives options for each command by their long "
	  "names, as if they stood first on its command line. A file may be 4 MiB long, hold 100000 "
	  "values and be nested 32 deep; aliases, tags and keys that are there twice are refused." },
	{ "/sys/fs/bpf/skep", "what is in the kernel and outlives the command" },
	{}
};

static const char config_example[] = "For example::\n"
				     "\n"
				     "    defaults:\n"
				     "      flows:\n"
				     "        interval: 2s\n"
				     "        output: wide\n"
				     "\n";

static void add_entries(struct strbuf *out, const char *title, const struct entry *entries)
{
	add_heading(out, title, '=');
	for (const struct entry *e = entries; e->name; e++)
		add_term(out, e->name, e->text);
}

void man_program(struct strbuf *out)
{
	add_title(out, "skep", "containers on Linux: run, connect, steer, guard and watch them");
	add_heading(out, "SYNOPSIS", '=');
	strbuf_adds(out, "**skep** [*OPTION*...] *COMMAND* [*ARGUMENT*...]\n\n");
	add_heading(out, "DESCRIPTION", '=');
	add_paragraphs(
		out, "skep is one program for whoever runs containers on Linux. All that it does, "
		     "it does with eBPF, on a stock kernel, with no kernel module and no central "
		     "daemon.\n\n"
		     "A unique prefix of a command or of a long option is enough. Short options "
		     "may be joined, a value may follow an option as its next word or behind an "
		     "equals sign, and --events=no unsets what the configuration has set. Sizes "
		     "are written as 10M, times as 250ms.");
	add_heading(out, "COMMANDS", '=');
	command_each(add_command, out);
	add_heading(out, "OPTIONS", '=');
	options_each(global_option_table, 0, add_option, out);
	strbuf_adds(out, "**-h**, **--help**\n    show what skep or the command takes\n\n");
	add_exit_status(out);
	add_entries(out, "ENVIRONMENT", environment);
	add_entries(out, "FILES", files);
	strbuf_adds(out, config_example);
	add_heading(out, "SEE ALSO", '=');
	strbuf_adds(out, "**bpftool**\\ (8)");
	command_each(add_reference, out);
	strbuf_addc(out, '\n');
}
