/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command is data: its name, one options table, its needs and the function that does the work.
 * The table gives parsing, --help, completion for bash and zsh, and the OPTIONS and OUTPUT parts of
 * the man page. The table (base/options.h) holds only data; `run` gets the filled struct.
 */
#pragma once

#include "base/error.h"
#include "base/options.h"

struct schema;

/* Exit codes of the program; the man page names them once. */
enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_KERNEL = 3 };

/* What must be there before `run`; checked by the caller of run, complained about in one line, exit
 * 1 or 3. */
enum need {
	NEED_ROOT = 1 << 0, /* CAP_BPF+CAP_PERFMON+CAP_NET_ADMIN (or CAP_SYS_ADMIN), asked by
			       trying, else exit 1 */
	NEED_BTF = 1 << 1,  /* /sys/kernel/btf/vmlinux, else exit 3 */
};

struct example {
	const char *line; /* "skep flows --port 443" */
	const char *says; /* what it does */
};

struct command {
	const char *name;
	const char *args;	 /* "[TARGET]" or NULL */
	const char *summary;	 /* one line for the list of commands */
	const char *description; /* paragraphs, separated by \n\n, for --help (first one) and the
				    man page (all) */
	const struct option_spec *options;
	size_t options_size;   /* of the struct that the options fill */
	unsigned int max_args; /* positional arguments; more is wrong use */
	enum option_hint args_hint;
	const struct schema *const
		*emits; /* records it can output, ends in NULL; the man page's OUTPUT */
	const struct example *examples; /* ends in {} */
	const char *notes;		/* further man page text (reST sections), or NULL */
	unsigned int needs;		/* enum need */
	/*
	 * Does the work; returns an exit_code. Sets `err` when that is not EXIT_DONE: the caller
	 * prints it. `options` is the filled struct of options_size bytes; args[0..count-1] are the
	 * positional arguments.
	 */
	enum exit_code (*run)(const void *options, int count, char **args, struct error *err);
};

/* Ends in NULL; defined by skep.c (or a test). */
extern const struct command *const commands[];
const struct command *command_find(const char *name);

/* main() of the program: global options, help, completion, man pages, config defaults, needs, run.
 */
int command_main(int argc, char **argv);
