// SPDX-License-Identifier: GPL-2.0-or-later
/* A main() for a fuzz target in an ordinary build: feeds it the files of the folders (or the files) given. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(int dirfd, const char *name)
{
	_free_ char *text = NULL;
	size_t len = 0;
	int r = file_read(dirfd, name, 16 << 20, &text, &len);

	if (r) {
		fprintf(stderr, "%s: %s\n", name, strerror(-r));
		return r;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)text, len);
	return 0;
}

static int replay_folder(const char *path, size_t *count)
{
	_dir_ DIR *dir = opendir(path);
	struct dirent *entry;
	int r;

	if (!dir) {
		(*count)++;
		return replay(AT_FDCWD, path);
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		r = replay(dirfd(dir), entry->d_name);
		if (r)
			return r;
		(*count)++;
	}
	return 0;
}

int main(int argc, char **argv)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++) {
		if (replay_folder(argv[i], &count))
			return 1;
	}
	if (!count) {
		fputs("no input\n", stderr);
		return 1;
	}
	printf("%zu inputs\n", count);
	return 0;
}
