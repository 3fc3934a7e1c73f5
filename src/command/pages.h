/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this room share: the lists of commands and global options, and text pages. */
#pragma once

#include "base/str.h"
#include "command/command.h"

/* Values of the options that every command takes. */
struct global_options {
	unsigned int verbose;
	unsigned int quiet;
	bool version;
	const char *config;
};
extern const struct option_spec global_option_table[];

/* The commands that this room brings itself; ends in NULL, as `commands`. */
extern const struct command *const builtin_commands[];
extern const struct command help_command, completion_command;
/* Called by the completion scripts; in no list. */
extern const struct command complete_command;
bool command_is_builtin(const struct command *command);

/* Calls fn for each command of skep.c and then each of this room; stops at non-zero. */
int command_each(int (*fn)(const struct command *command, void *context), void *context);
/* By whole name or unique prefix; -EINVAL with the nearest or the candidates. */
int command_lookup(const char *name, const struct command **ret, struct error *err);

/* EXIT_DONE, or what is missing: EXIT_FAILED for rights, EXIT_KERNEL for the kernel. */
enum exit_code command_needs(unsigned int needs, struct error *err);

/* The columns of the terminal: COLUMNS, else what stdout says, else 80. */
size_t help_width(void);
/* `skep --help` and `skep NAME --help`, wrapped to `width` columns. */
void help_program(struct strbuf *out, size_t width);
void help_of_command(struct strbuf *out, const struct command *command, size_t width);

/* The same as man pages, in reStructuredText. */
void man_program(struct strbuf *out);
void man_command(struct strbuf *out, const struct command *command);

/* Writes to stdout now. 0 also when the reader has gone (-EPIPE is a quiet end). */
int page_print(const struct strbuf *text, struct error *err);
