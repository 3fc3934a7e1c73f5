// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "command/command.h"
#include "doctor/doctor_lib.h"
#include "kernel/bpf_log.h"
#include "record/output.h"
#include "record/schema.h"

struct doctor_options {
	struct output_options output;
};

static const struct option_spec options[] = {
	OPTION_INCLUDE(output_option_table, struct doctor_options, output),
	OPTION_END,
};

/* In tables the first thing that was found is enough; JSON and CSV have all of it. */
static void short_detail(const void *record, char *buf, size_t size)
{
	enum { SHOWN = 60 };
	const struct doctor_check *check = record;
	size_t whole = strlen(check->detail), len = strcspn(check->detail, ";");
	bool cut = len > SHOWN;

	len = MIN(MIN(len, SHOWN), size - 1);
	while (cut && len && (check->detail[len] & 0xc0) == 0x80)
		len--;
	snprintf(buf, size, "%.*s%s", (int)len, check->detail, cut || len < whole ? " ..." : "");
}

static const struct field fields[] = {
	FIELD(struct doctor_check, group, "GROUP", 6, "what it belongs to", .names = doctor_groups,
	      .names_count = DOCTOR_GROUPS, .flags = FIELD_NO_TABLE),
	FIELD(struct doctor_check, name, "CAPABILITY", 12, "what was tried",
	      .metric = METRIC_LABEL),
	FIELD(struct doctor_check, state, "STATE", 6, "yes, no or partly",
	      .names = doctor_state_names, .names_count = DOCTOR_STATES),
	FIELD(struct doctor_check, detail, "FOUND", 10, "what was found, in the kernel's own words",
	      .flags = FIELD_STRETCH, .format = short_detail),
	FIELD(struct doctor_check, used_for, "FOR", 10, "what kind of work needs it",
	      .flags = FIELD_STRETCH),
	FIELD(struct doctor_check, remedy, "WHAT TO DO", 10,
	      "what to do about it, and what it costs", .flags = FIELD_STRETCH),
};

static unsigned int title_of(const void *record)
{
	const struct doctor_check *check = record;

	return check->group;
}

static const struct schema schema = {
	.name = "doctor_check",
	.help = "A capability of this kernel.",
	.fields = fields,
	.count = ARRAY_SIZE(fields),
	.record_size = sizeof(struct doctor_check),
	.titles = doctor_groups,
	.title_of = title_of,
};

static const struct schema *const emits[] = { &schema, NULL };

static enum exit_code show(struct output *out, const struct doctor_report *report, bool json,
			   struct error *err)
{
	const struct output_summary summary = { .what = "checks", .seen = report->count };
	int r = output_frame_begin(out);

	for (size_t i = 0; r == 0 && i < report->count; i++)
		r = output_row(out, &report->checks[i], err);
	if (r == 0)
		r = output_frame_end(out, err);
	if (r == 0)
		/* People need no count of lines; a program wants to know that it has them all. */
		r = output_finish(out, json ? &summary : NULL, err);
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

static enum exit_code run(const void *given, int count, char **args, struct error *err)
{
	CLEANUP(doctor_report_cleanup) struct doctor_report *report = NULL;
	CLEANUP(output_cleanup) struct output *out = NULL;
	const struct doctor_options *o = given;
	enum exit_code code;

	(void)count;
	(void)args;
	bpf_log_init();
	if (output_open(&o->output, &schema, false, &out, err) < 0)
		return EXIT_USAGE;
	if (doctor_examine(&report, err) < 0)
		return EXIT_FAILED;
	code = show(out, report, o->output.format == OUTPUT_JSON, err);
	if (code == EXIT_DONE && *report->lacking) {
		error_set(err, -EOPNOTSUPP, "%s", report->lacking);
		return EXIT_KERNEL;
	}
	return code;
}

static const struct example examples[] = {
	{ "skep doctor", "What this kernel can do, and what each command will use." },
	{ "skep doctor --where 'state != yes'", "Only what is missing." },
	{ "skep doctor -o json", "The same for a program." },
	{},
};

extern const struct command doctor_command;
const struct command doctor_command = {
	.name = "doctor",
	.summary = "what this kernel can do, and what skep uses here",
	.description =
		"Tries each capability of the kernel that skep can use: programs are loaded, "
		"attached and made to run; nothing is judged by the kernel's configuration or "
		"version.\n\n"
		"The first part says for each command which hooks it uses here and what it cannot "
		"see by them. A refusal is shown in the kernel's own words.\n\n"
		"It needs root: without rights nothing can be tried, and doctor says so and exits "
		"1. It exits 0 when all commands of skep work here, 3 when one of them lacks "
		"something. It leaves nothing behind, also when it is killed: each trial runs in a "
		"child process, in namespaces of its own, and ends with it.",
	.options = options,
	.options_size = sizeof(struct doctor_options),
	.emits = emits,
	.examples = examples,
	.needs = NEED_ROOT,
	.run = run,
};
