// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor/doctor_lib.h"

#include <errno.h>
#include <fcntl.h>

#include "base/str.h"
#include "base/vec.h"
#include "doctor/probe.h"
#include "kernel/hook.h"
#include "source/flows/flows_lib.h"

typedef VEC(struct doctor_check) checks_vec;

const char *const doctor_state_names[DOCTOR_STATES] = {
	[DOCTOR_NO] = "no",
	[DOCTOR_YES] = "yes",
	[DOCTOR_PARTLY] = "partly",
};

const char *const doctor_groups[DOCTOR_GROUPS + 1] = {
	"flows", "tracing", "cgroups and sockets", "packets", "helpers", "system", NULL,
};

static uint32_t group_index(const char *name)
{
	uint32_t i = 0;

	while (doctor_groups[i + 1] && !str_eq(doctor_groups[i], name))
		i++;
	return i;
}

static bool is_replaceable(const char *name)
{
	for (const struct probe *probe = probes; probe->name; probe++)
		if (str_eq(probe->name, name))
			return probe->flags & PROBE_REFUSED_IS_FINE;
	return false;
}

static struct doctor_check check_of(const struct probe *probe)
{
	struct doctor_check check = {
		.group = group_index(probe->group),
		.name = probe->name,
		.used_for = probe->used_for,
	};
	struct finding finding;

	probe_run(probe, &finding);
	check.state = finding.state;
	str_copy(check.detail, sizeof(check.detail), finding.detail);
	if (finding.state != DOCTOR_YES)
		str_copy(check.remedy, sizeof(check.remedy), probe->remedy);
	return check;
}

/* What flows uses for one job, and what was refused before it. */
static struct doctor_check check_of_job(const struct hook_choice *choice)
{
	struct doctor_check check = {
		.group = group_index("flows"),
		.name = choice->job->what,
		.state = !choice->chosen	  ? DOCTOR_NO
			 : choice->chosen->misses ? DOCTOR_PARTLY
						  : DOCTOR_YES,
		.used_for = choice->job->optional ? "skep flows, which works without it, too"
						  : "skep flows",
	};
	_strbuf_ struct strbuf detail = {};

	strbuf_adds(&detail, choice->chosen ? choice->chosen->name : "nothing works here");
	for (size_t i = 0; i < choice->refused_count; i++)
		strbuf_addf(&detail, "; %s refused: %s", choice->refused[i].alternative,
			    choice->refused[i].why);
	str_copy(check.detail, sizeof(check.detail), strbuf_str(&detail));
	if (!choice->chosen)
		str_copy(check.remedy, sizeof(check.remedy),
			 "what the hooks that were refused need: see below");
	else if (choice->chosen->misses)
		snprintf(check.remedy, sizeof(check.remedy), "known limit: %s",
			 choice->chosen->misses);
	return check;
}

static bool add_flows(checks_vec *checks, struct doctor_report *report)
{
	struct hook_choice choices[FLOWS_JOBS] = {};
	struct error err = {};
	int r = flows_hooks(choices, &err);

	if (r < 0)
		snprintf(report->lacking, sizeof(report->lacking), "flows: %s", err.message);
	for (size_t i = 0; i < FLOWS_JOBS; i++)
		if (choices[i].job && !vec_push(checks, check_of_job(&choices[i])))
			return false;
	return true;
}

/* What a refusal costs: where flows has other hooks, no more than those cannot see. */
static void judge_costs(checks_vec *checks, const struct doctor_report *report)
{
	bool partly = false;

	if (*report->lacking)
		return;
	for (size_t i = 0; i < checks->len; i++)
		if (checks->data[i].group == group_index("flows") &&
		    checks->data[i].state != DOCTOR_YES)
			partly = true;
	for (size_t i = 0; i < checks->len; i++) {
		struct doctor_check *check = &checks->data[i];

		if (check->state != DOCTOR_YES && is_replaceable(check->name))
			str_copy(
				check->remedy, sizeof(check->remedy),
				partly ? "nothing: skep flows uses other hooks; what those cannot "
					 "see stands in its part"
				       : "nothing: skep flows uses other hooks, and loses nothing");
	}
}

int doctor_examine(struct doctor_report **ret, struct error *err)
{
	CLEANUP(doctor_report_cleanup) struct doctor_report *report = calloc(1, sizeof(*report));
	checks_vec checks = {};
	bool ok;

	if (!report)
		return error_errno(err, -ENOMEM, "doctor");
	ok = add_flows(&checks, report);
	for (const struct probe *probe = probes; ok && probe->name; probe++)
		ok = vec_push(&checks, check_of(probe));
	if (!ok) {
		vec_free(&checks);
		return error_errno(err, -ENOMEM, "doctor");
	}
	judge_costs(&checks, report);
	report->checks = checks.data;
	report->count = checks.len;
	*ret = TAKE_PTR(report);
	return 0;
}

void doctor_report_free(struct doctor_report *report)
{
	if (!report)
		return;
	free(report->checks);
	free(report);
}
