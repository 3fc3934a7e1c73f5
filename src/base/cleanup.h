/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scoped ownership. Every owning local carries one of these attributes and an initial value; a
 * value leaves its scope only through TAKE_PTR / TAKE_FD. So a reader can judge one function
 * without reading its callees.
 */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Gives the pointer away: evaluates to it and leaves NULL behind. */
#define TAKE_PTR(p)                                \
	({                                         \
		__typeof__(p) *take_pp_ = &(p);    \
		__typeof__(p) take_p_ = *take_pp_; \
		*take_pp_ = NULL;                  \
		take_p_;                           \
	})

/* Gives the descriptor away: evaluates to it and leaves -1 behind. */
#define TAKE_FD(fd)                        \
	({                                 \
		int *take_fdp_ = &(fd);    \
		int take_fd_ = *take_fdp_; \
		*take_fdp_ = -1;           \
		take_fd_;                  \
	})

/* Defines NAME_cleanup(type **) for a destructor that takes the pointer and accepts NULL. */
#define CLEANUP_DEFINE(name, type, destroy)          \
	static inline void name##_cleanup(type **pp) \
	{                                            \
		if (*pp)                             \
			destroy(*pp);                \
		*pp = NULL;                          \
	}

static inline void free_cleanup(void *pp)
{
	void **p = pp;

	free(*p);
	*p = NULL;
}

static inline void fd_cleanup(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

CLEANUP_DEFINE(file, FILE, fclose)
CLEANUP_DEFINE(dir, DIR, closedir)

#define _free_	CLEANUP(free_cleanup)
#define _close_ CLEANUP(fd_cleanup)
#define _file_	CLEANUP(file_cleanup)
#define _dir_	CLEANUP(dir_cleanup)
