# SPDX-License-Identifier: GPL-2.0-or-later
# The door. Meson does the building (scripts/build), scripts/deps knows what is needed.

KERNEL ?= 6.12
PREFIX ?= /usr/local
DESTDIR ?=
YES ?=

# "make -y" does not exist; "make YES=1" installs without asking
deps = scripts/deps $(if $(YES),-y)

all: ## build skep (build/plain/src/skep)
	@$(deps) build
	@PREFIX=$(PREFIX) scripts/build plain

help: ## what can be asked of make
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1|\2/p' Makefile | column -t -s '|'
	@echo
	@echo 'demo and test need root: sudo make demo, sudo make test. YES=1 installs what is missing without asking.'

deps: ## install everything that building, testing and measuring need
	@$(deps)

demo: ## install what is missing, build, and watch skep at work for half a minute
	@$(deps) build demo
	@PREFIX=$(PREFIX) scripts/build plain
	@scripts/demo

test: ## install what is missing, build, and run every kind of test
	@$(deps) build test
	@PREFIX=$(PREFIX) scripts/build plain
	@PREFIX=$(PREFIX) scripts/build asan
	@tests/run

bench: ## measure skep beside the tools that it is compared with
	@$(deps) build bench
	@PREFIX=$(PREFIX) scripts/build plain
	@bench/run

install: all ## install to DESTDIR and PREFIX (/usr/local)
	@DESTDIR=$(DESTDIR) meson install -C build/plain --no-rebuild --quiet

vm: ## a shell in a guest with another kernel: make vm KERNEL=6.1 (or 6.12)
	@$(deps) build test
	@PREFIX=$(PREFIX) scripts/build plain
	@tests/vm/run $(KERNEL)

check-style: ## formatting, clang-tidy, gcc's analyzer, shellcheck, house rules
	@$(deps) build style
	@PREFIX=$(PREFIX) scripts/build plain
	@scripts/style

fuzz: ## run each fuzz target for FUZZ_SECONDS (20)
	@$(deps) build test
	@PREFIX=$(PREFIX) scripts/build fuzz
	@scripts/fuzz

fresh: ## build and run the unit tests in a minimal Debian 12 made for it
	@$(deps) style
	@scripts/fresh-root

clean: ## remove everything that was built
	rm -rf build

.PHONY: all help deps demo test bench install vm check-style fuzz fresh clean
