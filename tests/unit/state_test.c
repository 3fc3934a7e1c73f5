// SPDX-License-Identifier: GPL-2.0-or-later
/* The runtimes' files: whole ones, foreign ones, hostile ones. The samples lie in data/root. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/str.h"
#include "identity/state.h"

struct expected {
	const char *pair; /* the id is this, 32 times */
	enum runtime guess;
	enum runtime runtime; /* RUNTIME_NONE: no file tells of it */
	const char *name, *image, *pod, *namespace, *labels;
};

static const char *id_of(const char *pair, char id[static 65])
{
	for (size_t i = 0; i < 64; i++)
		id[i] = pair[i % 2];
	id[64] = '\0';
	return id;
}

static void text_is(const char *pair, const char *what, const char *got, const char *want)
{
	if (!got != !want || (got && !str_eq(got, want)))
		fail_msg("%s: %s is %s, not %s", pair, what, got ? got : "NULL",
			 want ? want : "NULL");
}

static void check(const struct expected *expected, const struct daemons *daemons, uid_t uid)
{
	_state_ struct state state = {};
	char id[65];
	struct state_query query = {
		.id = id_of(expected->pair, id),
		.guess = expected->guess,
		.uid = uid,
		.daemons = daemons,
	};
	int r = state_read(&query, &state);

	if (r != (expected->runtime == RUNTIME_NONE ? -ENOENT : 0))
		fail_msg("%s: returns %d", expected->pair, r);
	if (state.runtime != expected->runtime)
		fail_msg("%s: runtime is %s", expected->pair, runtime_names[state.runtime]);
	text_is(expected->pair, "name", state.name, expected->name);
	text_is(expected->pair, "image", state.image, expected->image);
	text_is(expected->pair, "pod", state.pod, expected->pod);
	text_is(expected->pair, "namespace", state.namespace, expected->namespace);
	text_is(expected->pair, "labels", state.labels, expected->labels);
}

static void test_readers(void **state)
{
	static const struct expected all[] = {
		{ "a1", RUNTIME_DOCKER, RUNTIME_DOCKER, "web", "nginx:1.25", NULL, NULL,
		  "app=shop,empty=,team=net" },
		{ "a2", RUNTIME_DOCKER, RUNTIME_DOCKER, "web", "nginx@sha256:1", "shop-7d4b",
		  "default",
		  "io.kubernetes.container.name=web,io.kubernetes.pod.name=shop-7d4b,"
		  "io.kubernetes.pod.namespace=default,"
		  "io.kubernetes.pod.uid=5759a1ae-36ca-48a8-b20a-b0b5c8a90fb8" },
		{ "a3", RUNTIME_DOCKER, RUNTIME_DOCKER, "elsewhere", "bb:1" },
		{ "a6", RUNTIME_DOCKER, RUNTIME_DOCKER, "remapped", "bb:1" },
		{ "c1", RUNTIME_CONTAINERD, RUNTIME_CONTAINERD, "api", "registry.k8s.io/api:2",
		  "shop-7d4b", "store" },
		{ "c2", RUNTIME_CONTAINERD, RUNTIME_CONTAINERD, "POD", NULL, "shop-7d4b", "store" },
		{ "c3", RUNTIME_CONTAINERD, RUNTIME_CONTAINERD, "cache" },
		{ "d1", RUNTIME_CRIO, RUNTIME_CRIO, "coredns", "registry.k8s.io/coredns:1", "dns-1",
		  "kube-system", "app=dns,io.kubernetes.container.name=coredns" },
		{ "d2", RUNTIME_CRIO, RUNTIME_CRIO, "POD", "registry.k8s.io/coredns:1", "dns-1",
		  "kube-system" },
		{ "e1", RUNTIME_PODMAN, RUNTIME_PODMAN, "db", "docker.io/library/postgres:16" },
		{ "e2", RUNTIME_PODMAN, RUNTIME_PODMAN, "short", "localhost/bb:1" },
		/* A bare id tells no runtime: the file does. */
		{ "a1", RUNTIME_CONTAINERD, RUNTIME_DOCKER, "web", "nginx:1.25", NULL, NULL,
		  "app=shop,empty=,team=net" },
		{ "d1", RUNTIME_CONTAINERD, RUNTIME_CRIO, "coredns", "registry.k8s.io/coredns:1",
		  "dns-1", "kube-system", "app=dns,io.kubernetes.container.name=coredns" },
		/* Docker's containers in containerd's folder are not containerd's. */
		{ "c4", RUNTIME_DOCKER, RUNTIME_NONE },
		{ "00", RUNTIME_DOCKER, RUNTIME_NONE },
	};
	struct daemons none = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		check(&all[i], &none, 0);
}

static void test_daemons(void **state)
{
	static const struct expected docker = { "a4", RUNTIME_DOCKER, RUNTIME_DOCKER, "running",
						"bb:1" };
	static const struct expected docker2 = { "a5", RUNTIME_DOCKER, RUNTIME_DOCKER, "running2",
						 "bb:1" };
	static const struct expected k3s = {
		"c5", RUNTIME_CONTAINERD, RUNTIME_CONTAINERD, "edge", NULL, "shop-7d4b", "store"
	};
	struct daemons daemons = {};
	struct expected other;
	struct stat st;

	(void)state;
	assert_int_equal(stat(TEST_DATA "/root/proc/4242", &st), 0);
	assert_true(daemons_refresh(&daemons, 5));
	assert_false(daemons_refresh(&daemons, 6));
	assert_true(daemons_refresh(&daemons, 2000000000));
	/* Neither the option without a value nor the relative path. */
	assert_int_equal(daemons.docker_count, 2);
	assert_int_equal(daemons.containerd_count, 1);
	check(&docker, &daemons, st.st_uid);
	check(&docker2, &daemons, st.st_uid);
	check(&k3s, &daemons, st.st_uid);
	/* Another user's daemon does not name the system's containers. */
	for (size_t i = 0; i < daemons.docker_count; i++)
		daemons.docker[i].uid = 4711;
	other = (struct expected){ "a4", RUNTIME_DOCKER, RUNTIME_NONE };
	check(&other, &daemons, 0);
	check(&other, &daemons, 4712);
	check(&docker, &daemons, 4711);
	daemons_free(&daemons);
}

static void test_rootless(void **state)
{
	static const struct expected mine = { "e5", RUNTIME_PODMAN, RUNTIME_PODMAN, "mine",
					      "localhost/me" };
	static const struct expected docker = { "a7", RUNTIME_DOCKER, RUNTIME_DOCKER, "rootless",
						"bb:1" };
	static const struct expected docker_system = { "a7", RUNTIME_DOCKER, RUNTIME_NONE };
	static const struct expected system = { "e5", RUNTIME_PODMAN, RUNTIME_NONE };
	static const struct expected others = { "e1", RUNTIME_PODMAN, RUNTIME_NONE };
	struct daemons none = {};

	(void)state;
	/* The samples lie in the home of the user nobody. */
	assert_string_equal(getpwuid(65534)->pw_dir, "/nonexistent");
	check(&docker, &none, 65534);
	check(&docker_system, &none, 0);
	check(&mine, &none, 65534);
	check(&system, &none, 0);
	check(&others, &none, 65534);
}

static void test_hostile(void **state)
{
	static const struct expected all[] = {
		{ "b1", RUNTIME_DOCKER, RUNTIME_DOCKER },
		{ "b2", RUNTIME_DOCKER, RUNTIME_DOCKER, "\x1b[2Jx\ny", NULL, NULL, NULL, "k=v" },
		{ "b3", RUNTIME_DOCKER, RUNTIME_NONE },
		{ "b4", RUNTIME_DOCKER, RUNTIME_NONE },
		{ "b5", RUNTIME_DOCKER, RUNTIME_NONE },
		{ "b6", RUNTIME_DOCKER, RUNTIME_NONE },
		{ "b8", RUNTIME_DOCKER, RUNTIME_NONE },
		{ "c6", RUNTIME_CONTAINERD, RUNTIME_CONTAINERD },
		{ "e3", RUNTIME_PODMAN, RUNTIME_PODMAN },
		{ "e4", RUNTIME_PODMAN, RUNTIME_PODMAN },
	};
	struct daemons none = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		check(&all[i], &none, 0);
}

static void test_bounds(void **state)
{
	_state_ struct state got = {};
	struct daemons none = {};
	char id[65];
	struct state_query query = {
		.id = id_of("b7", id),
		.guess = RUNTIME_DOCKER,
		.daemons = &none,
	};

	(void)state;
	assert_int_equal(state_read(&query, &got), 0);
	assert_int_equal(strlen(got.name), STATE_NAME_MAX);
	assert_int_equal(strlen(got.image), STATE_IMAGE_MAX);
	assert_int_equal(strlen(got.labels), STATE_LABELS_MAX);
	query.id = "../../../../etc/docker";
	assert_int_equal(state_read(&query, &got), -ENOENT);
	query.id = "";
	assert_int_equal(state_read(&query, &got), -ENOENT);
}

/* What is no regular file, or too large, is not read; above all nothing waits. */
static void test_files(void **state)
{
	char folder[] = "/tmp/skep-state-test.XXXXXX";
	_free_ char *fifo = NULL, *large = NULL;
	_close_ int fd = -1;

	(void)state;
	assert_non_null(mkdtemp(folder));
	fifo = str_printf("%s/fifo", folder);
	large = str_printf("%s/large", folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	fd = open(large, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, STATE_FILE_MAX + 1), 0);
	identity_root_set(folder);
	assert_null(state_json(STATE_FILE_MAX, "/fifo"));
	assert_null(state_json(STATE_FILE_MAX, "/large"));
	assert_null(state_json(STATE_FILE_MAX, "/"));
	assert_null(state_json(STATE_FILE_MAX, "/none"));
	identity_root_set(TEST_DATA "/root");
	unlink(fifo);
	unlink(large);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers),	 cmocka_unit_test(test_daemons),
		cmocka_unit_test(test_rootless), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_bounds),	 cmocka_unit_test(test_files),
	};

	identity_root_set(TEST_DATA "/root");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
