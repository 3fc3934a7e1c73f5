// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Completion for bash and zsh: scripts made from the tables, and `skep __complete`, which they call
 * for names that only this host knows. Those names come from outside: the scripts never let the
 * shell expand them.
 */
#include <errno.h>

#include "command/pages.h"
#include "identity/identity.h"
#include "record/schema.h"

static const char bash_head[] =
	"# bash completion for skep, made by: skep completion bash\n"
	"\n"
	"# Offers the lines of standard input that begin with $cur; quoted, as they come from outside.\n"
	"_skep_words() {\n"
	"\tlocal word\n"
	"\twhile IFS= read -r word; do\n"
	"\t\tif [[ -n $word && $word == \"$cur\"* ]]; then\n"
	"\t\t\tprintf -v word %q \"$word\"\n"
	"\t\t\tCOMPREPLY+=(\"$prefix$word\")\n"
	"\t\tfi\n"
	"\tdone\n"
	"}\n"
	"\n"
	"# The last part of a list with commas is what is being written.\n"
	"_skep_list() {\n"
	"\tif [[ $cur == *,* ]]; then\n"
	"\t\tprefix=${cur%,*},\n"
	"\t\tcur=${cur##*,}\n"
	"\tfi\n"
	"\tif [[ $cur == [-+]* ]]; then\n"
	"\t\tprefix+=${cur:0:1}\n"
	"\t\tcur=${cur:1}\n"
	"\tfi\n"
	"}\n"
	"\n"
	"_skep_files() {\n"
	"\tlocal word\n"
	"\tcompopt -o filenames 2>/dev/null\n"
	"\twhile IFS= read -r word; do\n"
	"\t\tCOMPREPLY+=(\"$word\")\n"
	"\tdone < <(compgen -f -- \"$cur\")\n"
	"}\n"
	"\n"
	"_skep_entries() {\n"
	"\tlocal path\n"
	"\tfor path in \"$1\"/$2; do\n"
	"\t\t[[ -e $path ]] && printf '%s\\n' \"${path##*/}\"\n"
	"\tdone\n"
	"}\n"
	"\n"
	"_skep() {\n"
	"\tlocal skep=$1 cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal prefix='' command='' i\n"
	"\tCOMPREPLY=()\n"
	"\t# --name=value comes as three words\n"
	"\tif [[ $cur == = ]]; then\n"
	"\t\tcur=''\n"
	"\telif [[ $prev == = && COMP_CWORD -ge 2 ]]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t--config)\n"
	"\t\t\t[[ ${COMP_WORDS[i+1]} == = ]] && ((i++))\n"
	"\t\t\t((i++)) ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tcase $command in\n";

/* Text between single quotes of a shell. */
static void add_quoted(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_adds(out, "'\\''");
		else
			strbuf_addc(out, *text);
	}
}

/* The command (of bash) that offers what may stand there. */
static void bash_hint(struct strbuf *out, enum option_hint hint, const char *command)
{
	switch (hint) {
	case HINT_FILE: strbuf_adds(out, "_skep_files"); break;
	case HINT_INTERFACE:
		strbuf_adds(out, "_skep_words < <(_skep_entries /sys/class/net '*')");
		break;
	case HINT_USER: strbuf_adds(out, "_skep_words < <(compgen -u)"); break;
	case HINT_PID: strbuf_adds(out, "_skep_words < <(_skep_entries /proc '[0-9]*')"); break;
	case HINT_TARGET:
		strbuf_addf(out, "_skep_words < <(\"$skep\" __complete target %s 2>/dev/null)",
			    command);
		break;
	case HINT_FIELD:
		strbuf_addf(out, "_skep_words < <(\"$skep\" __complete field %s 2>/dev/null)",
			    command);
		break;
	case HINT_COMMAND: strbuf_adds(out, "_skep_words < <(\"$skep\" __complete command)"); break;
	case HINT_NONE: strbuf_adds(out, ":"); break;
	}
}

struct script {
	struct strbuf *out;
	const char *command; /* "" before one is named */
	const char *indent;
};

static bool takes_value(const struct option_spec *o)
{
	return o->type != OPT_FLAG && o->type != OPT_COUNT;
}

static int bash_value(const struct option_spec *o, size_t offset, void *context)
{
	struct script *s = context;

	(void)offset;
	if (!takes_value(o))
		return 0;
	strbuf_adds(s->out, "\t\t");
	if (o->letter)
		strbuf_addf(s->out, "-%c%s", o->letter, o->name ? "|" : "");
	if (o->name)
		strbuf_addf(s->out, "--%s", o->name);
	strbuf_adds(s->out, ") ");
	if (o->type == OPT_LIST)
		strbuf_adds(s->out, "_skep_list; ");
	if (o->type == OPT_CHOICE) {
		strbuf_adds(s->out, "_skep_words < <(printf '%s\\n'");
		for (size_t i = 0; o->choices[i]; i++)
			strbuf_addf(s->out, " %s", o->choices[i]);
		strbuf_addc(s->out, ')');
	} else {
		bash_hint(s->out, o->hint, s->command);
	}
	strbuf_adds(s->out, "; return ;;\n");
	return 0;
}

static int bash_name(const struct option_spec *o, size_t offset, void *context)
{
	struct script *s = context;

	(void)offset;
	if (o->name)
		strbuf_addf(s->out, " --%s", o->name);
	return 0;
}

static void bash_options(struct script *s, const struct option_spec *table)
{
	strbuf_adds(s->out, "\t\tcase $prev in\n");
	options_each(table, 0, bash_value, s);
	options_each(global_option_table, 0, bash_value, s);
	strbuf_adds(s->out, "\t\tesac\n"
			    "\t\tif [[ $cur == -* ]]; then\n"
			    "\t\t\t_skep_words < <(printf '%s\\n'");
	options_each(table, 0, bash_name, s);
	options_each(global_option_table, 0, bash_name, s);
	strbuf_adds(s->out, " --help)\n"
			    "\t\telse\n\t\t\t");
}

static int bash_command(const struct command *command, void *context)
{
	struct script s = { .out = context, .command = command->name };

	strbuf_addf(s.out, "\t%s)\n", command->name);
	bash_options(&s, command->options);
	bash_hint(s.out, command->args_hint, command->name);
	strbuf_adds(s.out, "\n\t\tfi ;;\n");
	return 0;
}

static int add_name(const struct command *command, void *context)
{
	strbuf_addf(context, " %s", command->name);
	return 0;
}

static void bash_script(struct strbuf *out)
{
	struct script s = { .out = out, .command = "" };

	strbuf_adds(out, bash_head);
	strbuf_adds(out, "\t'')\n");
	bash_options(&s, NULL);
	strbuf_adds(out, "_skep_words < <(printf '%s\\n'");
	command_each(add_name, out);
	strbuf_adds(out, ")\n\t\tfi ;;\n");
	command_each(bash_command, out);
	strbuf_adds(out, "\tesac\n}\n\ncomplete -F _skep skep\n");
}

/* Text inside the brackets or between the colons of an _arguments specification. */
static void zsh_text(struct strbuf *out, const char *text)
{
	_strbuf_ struct strbuf escaped = {};

	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			strbuf_addc(&escaped, '\\');
		strbuf_addc(&escaped, *text);
	}
	add_quoted(out, strbuf_str(&escaped));
}

static void zsh_hint(struct strbuf *out, enum option_hint hint, const char *command)
{
	switch (hint) {
	case HINT_FILE: strbuf_adds(out, "_files"); break;
	case HINT_INTERFACE: strbuf_adds(out, "_net_interfaces"); break;
	case HINT_USER: strbuf_adds(out, "_users"); break;
	case HINT_PID: strbuf_adds(out, "_pids"); break;
	case HINT_TARGET: strbuf_addf(out, "_skep_ask @target %s", command); break;
	case HINT_FIELD: strbuf_addf(out, "_skep_ask @field %s", command); break;
	case HINT_COMMAND: strbuf_addf(out, "_skep_ask @command %s", command); break;
	case HINT_NONE: strbuf_adds(out, " "); break;
	}
}

/* '(-o --output)'{-o+,--output=}'[help]:ARG:(a b)' */
static int zsh_option(const struct option_spec *o, size_t offset, void *context)
{
	struct script *s = context;
	const char *letter_end = takes_value(o) ? "+" : "", *name_end = takes_value(o) ? "=" : "";
	bool repeats = o->type == OPT_LIST || o->type == OPT_COUNT;

	(void)offset;
	strbuf_addf(s->out, " \\\n%s", s->indent);
	if (repeats)
		strbuf_adds(s->out, "'*'");
	else if (o->letter && o->name)
		strbuf_addf(s->out, "'(-%c --%s)'", o->letter, o->name);
	if (o->letter && o->name)
		strbuf_addf(s->out, "{-%c%s,--%s%s}'[", o->letter, letter_end, o->name, name_end);
	else if (o->name)
		strbuf_addf(s->out, "'--%s%s[", o->name, name_end);
	else
		strbuf_addf(s->out, "'-%c%s[", o->letter, letter_end);
	zsh_text(s->out, o->help);
	strbuf_addc(s->out, ']');
	if (takes_value(o)) {
		strbuf_addc(s->out, ':');
		zsh_text(s->out, o->arg ? o->arg : "value");
		strbuf_addc(s->out, ':');
		if (o->type == OPT_CHOICE) {
			for (size_t i = 0; o->choices[i]; i++)
				strbuf_addf(s->out, "%c%s", i ? ' ' : '(', o->choices[i]);
			strbuf_addc(s->out, ')');
		} else {
			if (o->type == OPT_LIST && o->hint != HINT_NONE)
				strbuf_adds(s->out, "_sequence ");
			zsh_hint(s->out, o->hint, s->command);
		}
	}
	strbuf_addc(s->out, '\'');
	return 0;
}

static int zsh_describe(const struct command *command, void *context)
{
	strbuf_addf(context, "\t\t\t'%s:", command->name);
	add_quoted(context, command->summary);
	strbuf_adds(context, "'\n");
	return 0;
}

static int zsh_command(const struct command *command, void *context)
{
	struct script s = { .out = context, .command = command->name, .indent = "\t\t\t\t" };

	strbuf_addf(s.out, "\t\t%s)\n\t\t\t_arguments -s -S", command->name);
	options_each(command->options, 0, zsh_option, &s);
	options_each(global_option_table, 0, zsh_option, &s);
	strbuf_addf(s.out, " \\\n%s'(- *)'{-h,--help}'[show help]'", s.indent);
	if (command->max_args) {
		strbuf_addf(s.out, " \\\n%s'*:", s.indent);
		zsh_text(s.out, command->args ? command->args : "argument");
		strbuf_addc(s.out, ':');
		zsh_hint(s.out, command->args_hint, command->name);
		strbuf_addc(s.out, '\'');
	}
	strbuf_adds(s.out, " ;;\n");
	return 0;
}

static void zsh_script(struct strbuf *out)
{
	struct script s = { .out = out, .command = "", .indent = "\t\t" };

	strbuf_adds(
		out,
		"#compdef skep\n"
		"# zsh completion for skep, made by: skep completion zsh\n"
		"\n"
		"# _skep_ask @WHAT COMMAND, with words for compadd in front or behind.\n"
		"_skep_ask() {\n"
		"\tlocal -a names\n"
		"\tlocal i=${argv[(I)@*]}\n"
		"\tnames=(${(f)\"$($_skep_program __complete ${argv[i]#@} $argv[i+1] 2>/dev/null)\"})\n"
		"\targv[i,i+1]=()\n"
		"\tcompadd \"$@\" -a names\n"
		"}\n"
		"\n"
		"_skep() {\n"
		"\tlocal context state state_descr line _skep_program=$words[1]\n"
		"\tlocal -a commands\n"
		"\ttypeset -A opt_args\n"
		"\t_arguments -C -s");
	options_each(global_option_table, 0, zsh_option, &s);
	strbuf_adds(out, " \\\n\t\t'(- *)'{-h,--help}'[show help]'"
			 " \\\n\t\t'1:command:->command' \\\n\t\t'*::argument:->argument'\n"
			 "\tcase $state in\n"
			 "\tcommand)\n"
			 "\t\tcommands=(\n");
	command_each(zsh_describe, out);
	strbuf_adds(out, "\t\t)\n"
			 "\t\t_describe command commands ;;\n"
			 "\targument)\n"
			 "\t\tcase $words[1] in\n");
	command_each(zsh_command, out);
	strbuf_adds(out, "\t\tesac ;;\n"
			 "\tesac\n"
			 "}\n"
			 "\n"
			 "if [[ $funcstack[1] == _skep ]]; then\n"
			 "\t_skep \"$@\"\n"
			 "else\n"
			 "\tcompdef _skep skep\n"
			 "fi\n");
}

static enum exit_code completion_run(const void *options, int count, char **args, struct error *err)
{
	_strbuf_ struct strbuf out = {};

	(void)options;
	if (count && str_eq(args[0], "bash")) {
		bash_script(&out);
	} else if (count && str_eq(args[0], "zsh")) {
		zsh_script(&out);
	} else {
		error_set(err, -EINVAL, "which shell? bash or zsh");
		return EXIT_USAGE;
	}
	return page_print(&out, err) ? EXIT_FAILED : EXIT_DONE;
}

static const struct example completion_examples[] = {
	{ "source <(skep completion bash)", "complete in this shell" },
	{ "skep completion zsh > \"${fpath[1]}/_skep\"", "complete in each new zsh" },
	{}
};

const struct command completion_command = {
	.name = "completion",
	.args = "bash|zsh",
	.summary = "print a script that completes skep's words in a shell",
	.description = "Prints a script for the shell, which completes commands, options, choices, "
		       "files, interfaces, users, containers and the names of fields.",
	.max_args = 1,
	.examples = completion_examples,
	.run = completion_run,
};

static int list_command(const struct command *command, void *context)
{
	strbuf_addf(context, "%s\n", command->name);
	return 0;
}

static bool in_schemas_before(const struct schema *const *first, const struct schema *const *s,
			      const char *name)
{
	for (; first < s; first++) {
		if (schema_field(*first, name))
			return true;
	}
	return false;
}

/* Schemas of one command share names: each is listed once. */
static void list_fields(struct strbuf *out, const struct command *command)
{
	for (const struct schema *const *s = command->emits; s && *s; s++) {
		for (size_t i = 0; i < (*s)->count; i++) {
			if (!in_schemas_before(command->emits, s, (*s)->fields[i].name))
				strbuf_addf(out, "%s\n", (*s)->fields[i].name);
		}
	}
}

/* A name of several lines would be several names. */
static bool is_one_line(const char *name)
{
	for (; *name; name++) {
		if ((unsigned char)*name < 0x20 || *name == 0x7f)
			return false;
	}
	return true;
}

static int list_targets(struct strbuf *out, struct error *err)
{
	CLEANUP(identity_cleanup) struct identity *identity = NULL;
	_free_ const struct container **list = NULL;
	size_t count = 0;
	int r;

	r = identity_open(NULL, &identity, err);
	if (r)
		return r;
	r = identity_containers(identity, &list, &count);
	if (r)
		return error_errno(err, r, "containers");
	for (size_t i = 0; i < count; i++) {
		if (!list[i]->ended && is_one_line(list[i]->name))
			strbuf_addf(out, "%s\n", list[i]->name);
	}
	return 0;
}

/* Names that a script asks for: `skep __complete command`, `target COMMAND`, `field COMMAND`. */
static enum exit_code complete_run(const void *options, int count, char **args, struct error *err)
{
	_strbuf_ struct strbuf out = {};
	const struct command *command = NULL;

	(void)options;
	if (count > 1 && command_lookup(args[1], &command, err))
		return EXIT_USAGE;
	if (count && str_eq(args[0], "command"))
		command_each(list_command, &out);
	else if (command && str_eq(args[0], "field"))
		list_fields(&out, command);
	else if (count && str_eq(args[0], "target") && list_targets(&out, err))
		return EXIT_FAILED;
	return page_print(&out, err) ? EXIT_FAILED : EXIT_DONE;
}

const struct command complete_command = {
	.name = "__complete",
	.args = "WHAT [COMMAND]",
	.summary = "names for completion",
	.description = "Lists names for the completion scripts.",
	.max_args = 2,
	.run = complete_run,
};
