/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options as data. One table gives parsing here, and help, completion and man page in command/.
 *
 *	static const struct option_spec options[] = {
 *		OPTION_FLAG('e', "events", struct flows_options, events, "one record per call"),
 *		OPTION_DURATION(0, "window", struct flows_options, window_ns, "TIME", "10s", "..."),
 *		OPTION_INCLUDE(output_option_table, struct flows_options, output),
 *		OPTION_END
 *	};
 *
 * The table stays const; the values go to a plain struct, which starts zeroed.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/util.h"

enum option_type {
	OPT_END,
	OPT_FLAG,     /* bool */
	OPT_COUNT,    /* unsigned int: how many times it was given; "2" sets it */
	OPT_STRING,   /* const char *; points into argv or the loaded config */
	OPT_U64,      /* uint64_t, between min and max */
	OPT_SIZE,     /* uint64_t bytes, "10M" */
	OPT_DURATION, /* uint64_t nanoseconds, "250ms" */
	OPT_CHOICE,   /* int: index into `choices` */
	OPT_LIST,     /* struct option_list: may be given several times; commas separate */
	OPT_INCLUDE,  /* another table for a struct that is a member of this one */
};

/* What may stand there, for completion: names looked up when the user presses TAB. */
enum option_hint {
	HINT_NONE,
	HINT_FILE,
	HINT_INTERFACE,
	HINT_USER,
	HINT_PID,
	HINT_TARGET,
	HINT_FIELD,
	HINT_COMMAND
};

struct option_list {
	const char **values; /* owned by the parser's result; freed by options_free */
	size_t count;
};

struct option_spec {
	enum option_type type;
	char letter;	    /* 0: none */
	const char *name;   /* long name, kebab-case */
	const char *arg;    /* what the argument is called in the help; NULL for a flag */
	const char *preset; /* default, as the user would write it; NULL: zero of the type */
	const char *help;
	size_t offset;
	const char *const *choices; /* OPT_CHOICE: names, ends in NULL */
	uint64_t min, max;	    /* OPT_U64, SIZE, DURATION; max 0: no bound */
	const struct option_spec *include;
	enum option_hint hint;
};

#define OPTION_MEMBER_IS(st, member, T) (0 * sizeof((T *)0 == &((st *)0)->member))
#define OPTION_FLAG(l, n, st, m, h) \
	{ .type = OPT_FLAG,         \
	  .letter = l,              \
	  .name = n,                \
	  .help = h,                \
	  .offset = offsetof(st, m) + OPTION_MEMBER_IS(st, m, bool) }
#define OPTION_COUNT(l, n, st, m, h) \
	{ .type = OPT_COUNT,         \
	  .letter = l,               \
	  .name = n,                 \
	  .help = h,                 \
	  .offset = offsetof(st, m) + OPTION_MEMBER_IS(st, m, unsigned int) }
#define OPTION_STRING(l, n, st, m, a, h, ...)                                \
	{ .type = OPT_STRING,                                                \
	  .letter = l,                                                       \
	  .name = n,                                                         \
	  .arg = a,                                                          \
	  .help = h,                                                         \
	  .offset = offsetof(st, m) + OPTION_MEMBER_IS(st, m, const char *), \
	  __VA_ARGS__ }
#define OPTION_U64(l, n, st, m, a, p, h, ...)                            \
	{ .type = OPT_U64,                                               \
	  .letter = l,                                                   \
	  .name = n,                                                     \
	  .arg = a,                                                      \
	  .preset = p,                                                   \
	  .help = h,                                                     \
	  .offset = offsetof(st, m) + OPTION_MEMBER_IS(st, m, uint64_t), \
	  __VA_ARGS__ }
#define OPTION_SIZE(l, n, st, m, a, p, h, ...)                           \
	{ .type = OPT_SIZE,                                              \
	  .letter = l,                                                   \
	  .name = n,                                                     \
	  .arg = a,                                                      \
	  .preset = p,                                                   \
	  .help = h,                                                     \
	  .offset = offsetof(st, m) + OPTION_MEMBER_IS(st, m, uint64_t), \
	  __VA_ARGS__ }
#define OPTION_DURATION(l, n, st, m, a, p, h, ...)                       \
	{ .type = OPT_DURATION,                                          \
	  .letter = l,                                                   \
	  .name = n,                                                     \
	  .arg = a,                                                      \
	  .preset = p,                                                   \
	  .help = h,                                                     \
	  .offset = offsetof(st, m) + OPTION_MEMBER_IS(st, m, uint64_t), \
	  __VA_ARGS__ }
#define OPTION_CHOICE(l, n, st, m, a, c, p, h) \
	{ .type = OPT_CHOICE,                  \
	  .letter = l,                         \
	  .name = n,                           \
	  .arg = a,                            \
	  .choices = c,                        \
	  .preset = p,                         \
	  .help = h,                           \
	  .offset = offsetof(st, m) + OPTION_MEMBER_IS(st, m, int) }
#define OPTION_LIST(l, n, st, m, a, h, ...)                                        \
	{ .type = OPT_LIST,                                                        \
	  .letter = l,                                                             \
	  .name = n,                                                               \
	  .arg = a,                                                                \
	  .help = h,                                                               \
	  .offset = offsetof(st, m) + OPTION_MEMBER_IS(st, m, struct option_list), \
	  __VA_ARGS__ }
#define OPTION_INCLUDE(table, st, m) \
	{ .type = OPT_INCLUDE, .include = table, .offset = offsetof(st, m) }
#define OPTION_END \
	{          \
	}

/* Writes the presets of the table; the struct must be zeroed. */
int options_preset(const struct option_spec *table, void *options, struct error *err);
/*
 * Parses argv[1..argc-1] over what is in `options`: short letters may be joined (-ef), values
 * follow as --name=v, --name v, -nv or -n v; --flag=no unsets a flag; "--" ends the options;
 * options and positional arguments may mix. A unique prefix of a long name is taken. A list given
 * here replaces the one that was there. Positional arguments are moved to argv[1..*ret_count].
 * *ret_help is set, and nothing else checked, when -h or --help is there. -EINVAL or
 * -ERANGE on wrong use, with a message that names the nearest option; `options` is then half
 * filled, and still to be freed.
 */
int options_parse(const struct option_spec *table, void *options, int argc, char **argv,
		  int *ret_count, bool *ret_help, struct error *err);
/* How many words of argv[1..] stand before the first positional argument. */
int options_leading(const struct option_spec *table, int argc, char **argv);
/*
 * Sets one option from text as the command line would; `name` is the long name without dashes,
 * whole. A list is appended to. -ENOENT with the nearest name when there is none such. `value` must
 * outlive `options` (strings are not copied); NULL for a flag means true; "true"/"false"/"yes"/"no"
 * are taken for flags.
 */
int option_set(const struct option_spec *table, void *options, const char *name, const char *value,
	       struct error *err);
/* Empties a list option, so that the next option_set starts it anew; whether it is one. */
bool option_clear(const struct option_spec *table, void *options, const char *name);
/* Frees what the parser allocated inside `options`. */
void options_free(const struct option_spec *table, void *options);
/* Calls fn for each option, includes flattened; `offset` is its place in the outermost struct.
 * Stops at non-zero. */
int options_each(const struct option_spec *table, size_t offset,
		 int (*fn)(const struct option_spec *o, size_t offset, void *context),
		 void *context);
