# mxpace. `make help` lists the targets; README.md says where things are.

VERSION   := 0.1.0
BUILD     ?= release
B         := build/$(BUILD)
prefix    ?= /usr
DESTDIR   ?=
zsh_completions ?= $(if $(filter /usr,$(prefix)),zsh/vendor-completions,zsh/site-functions)
AGAIN     ?= 0

# --- packages -------------------------------------------------------------------------------------
PKGS_LIB      := hiredis libpcre2-8 libconfig
PKGS_POLICYD  := libevent libcares libsystemd
PKGS_CTL      := libsodium libcurl jansson
PKGS_TEST     := cmocka
APT_BUILD     := build-essential pkg-config libhiredis-dev libpcre2-dev libconfig-dev libevent-dev \
                 libc-ares-dev libidn2-0 libsodium23 uthash-dev libcmocka-dev libsystemd-dev \
                 libsodium-dev libcurl4-openssl-dev libjansson-dev
APT_RUN       := postfix redis-server redis-tools dnsmasq-base iproute2 netcat-openbsd python3
APT_CHECK     := $(APT_RUN) systemd minisign openssl clang clang-format clang-tidy libclang-rt-14-dev valgrind mandoc shellcheck

PKGCONFIG ?= pkg-config
# --- flags ----------------------------------------------------------------------------------------
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef \
            -Wpointer-arith -Wwrite-strings -Wswitch-enum
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
LHARDEN  := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack
ifeq ($(CI),true)
WARN     += -Werror
endif

OPT_release := -O2 -g -D_FORTIFY_SOURCE=2 $(HARDEN)
LNK_release := $(LHARDEN)
OPT_debug   := -O0 -g3
OPT_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LNK_asan    := -fsanitize=address,undefined
OPT_clang   := $(OPT_release)
LNK_clang   := $(LNK_release)
OPT_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LNK_fuzz    := -fsanitize=address,undefined
OPT_cov     := -O0 -g --coverage
LNK_cov     := --coverage
ifneq ($(filter clang fuzz,$(BUILD)),)
CC       := clang
endif

CPPFLAGS += -D_GNU_SOURCE -I. -Ilib -Ipolicyd -Ibounce-pipe -Ictl -I$(B)/gen
CFLAGS   ?=
ALL_CFLAGS  = -std=c11 $(WARN) $(OPT_$(BUILD)) $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(LNK_$(BUILD)) -Wl,--as-needed $(LDFLAGS)

# --- sources --------------------------------------------------------------------------------------
LUA        := $(sort $(wildcard lib/lua/*.lua))
PRELUDES   := $(wildcard lib/lua/prelude/*.lua)
DIRS       := lib policyd bounce-pipe ctl
srcs        = $(sort $(wildcard $(1)/*.c))
objs        = $(patsubst %.c,$(B)/%.o,$(1))
noMain      = $(filter-out %/main.o %/late.o,$(call objs,$(call srcs,$(1))))
ARCHIVES   := $(B)/ctl.a $(B)/policyd.a $(B)/bounce-pipe.a $(B)/lib.a
PROGRAMS   := $(B)/mxpolicyd $(B)/mxbounce $(B)/mxctl
UNIT       := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
LUATEST    := $(patsubst tests/lua/%.c,$(B)/lua/%,$(sort $(wildcard tests/lua/test_*.c)))
FUZZERS    := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
BENCH      := $(patsubst tests/bench/%.c,$(B)/bench/%,$(sort $(wildcard tests/bench/*.c)))

LIBS       := $(shell $(PKGCONFIG) --libs $(PKGS_LIB) 2>/dev/null)
LIBS_CTL   := $(shell $(PKGCONFIG) --libs $(PKGS_CTL) 2>/dev/null)
LIBS_EV    := $(shell $(PKGCONFIG) --libs $(PKGS_POLICYD) 2>/dev/null)
# mxbounce starts for each message, and each shared library costs. It loads libconfig when it first
# needs it (bounce-pipe/late.c), and has the little of hiredis that it uses in itself.
soname      = $(shell objdump -p "`$(CC) -print-file-name=$(1).so`" 2>/dev/null | awk '/SONAME/ { print $$2 }')
has_static  = $(wildcard $(shell $(CC) -print-file-name=lib$(1).a 2>/dev/null))
LIBS_PIPE  := $(filter-out -lconfig -lhiredis,$(LIBS)) $(if $(call has_static,hiredis),-l:libhiredis.a,-lhiredis)
PKG_CFLAGS := $(shell $(PKGCONFIG) --cflags $(PKGS_LIB) $(PKGS_POLICYD) $(PKGS_CTL) 2>/dev/null)

# make V=1 shows whole command lines.
Q          := $(if $(V),,@)
SAY        := @$(if $(V),:,echo)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all check check-e2e check-long check-asan check-valgrind demo bench fuzz lint format cov \
        install clean help deps tests
all: $(PROGRAMS)

help:
	@sed -n 's/^## //p' Makefile

# A missing package stops with the line to type.
$(B)/.packages: Makefile
	@mkdir -p $(@D)
	@{ command -v $(firstword $(CC)) && $(PKGCONFIG) --exists $(PKGS_LIB) $(PKGS_POLICYD) $(PKGS_CTL); } >/dev/null 2>&1 || { \
	  echo "mxpace needs packages that are missing; on Debian: apt-get install $(APT_BUILD)" >&2; exit 1; }
	@touch $@

# Objects are made again when the flags change.
$(B)/.flags: FORCE | $(B)/.packages
	@echo '$(CC) $(CPPFLAGS) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(CPPFLAGS) $(ALL_CFLAGS)' > $@
FORCE:

# Another version is no other flag of every file, but of those that name it.
VERSIONED   = $(patsubst %.c,$(B)/%.o,$(shell grep -l MXPACE_VERSION $(foreach dir,$(DIRS) tests/unit,$(call srcs,$(dir)))))
$(B)/.version: FORCE | $(B)/.packages
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' > $@
$(VERSIONED): private CPPFLAGS += -DMXPACE_VERSION='"$(VERSION)"'
$(VERSIONED): $(B)/.version

# --- build ----------------------------------------------------------------------------------------
## make              build/release/{mxpolicyd,mxbounce,mxctl}
$(B)/%.o: %.c $(B)/.flags $(B)/gen/lua_scripts.inc
	@mkdir -p $(@D)
	$(SAY) "  CC    $@"
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Lua scripts as bytes, one array each; before a script the preludes that its line "-- uses" names.
$(B)/gen/lua_scripts.inc: $(LUA) $(PRELUDES) Makefile | $(B)/.packages
	@mkdir -p $(@D)/lua
	@for f in $(LUA); do n=$$(basename $$f .lua); t=$(@D)/lua/$$n.lua; \
	  for p in $$(sed -n 's/^-- uses //p' $$f); do cat lib/lua/prelude/$$p.lua || exit 1; done > $$t; \
	  cat $$f >> $$t; \
	  echo "static const char script_$$n[] = {"; od -An -v -tu1 $$t | sed 's/\([0-9][0-9]*\)/\1,/g'; echo "0};"; \
	  echo "static const char sha1_$$n[] = \"$$(sha1sum < $$t | cut -c1-40)\";"; \
	done > $@.tmp && mv $@.tmp $@

$(B)/lib.a: $(call objs,$(call srcs,lib))
$(B)/policyd.a: $(call noMain,policyd)
$(B)/bounce-pipe.a: $(call noMain,bounce-pipe)
$(B)/ctl.a: $(call noMain,ctl)
$(ARCHIVES):
	@rm -f $@
	@$(AR) rcs $@ $^

link = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@
$(B)/mxpolicyd: $(B)/policyd/main.o $(B)/policyd.a $(B)/lib.a
	$(SAY) "  LD    $@"
	$(Q)$(link) $^ $(LIBS_EV) $(LIBS)
$(B)/bounce-pipe/late.o: private CPPFLAGS += -DLATE_LIBCONFIG='"$(call soname,libconfig)"'
$(B)/mxbounce: $(B)/bounce-pipe/main.o $(B)/bounce-pipe/late.o $(B)/bounce-pipe.a $(B)/lib.a
	$(SAY) "  LD    $@"
	$(Q)$(link) $^ $(LIBS_PIPE)
$(B)/mxctl: $(B)/ctl/main.o $(ARCHIVES)
	$(SAY) "  LD    $@"
	$(Q)$(link) $^ $(LIBS_CTL) $(LIBS_EV) $(LIBS)

# --- tests ----------------------------------------------------------------------------------------
$(B)/unit/%: $(B)/tests/unit/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(SAY) "  LD    $@"
	$(Q)$(link) $^ -lcmocka $(LIBS_CTL) $(LIBS_EV) $(LIBS)
$(B)/lua/%: $(B)/tests/lua/%.o $(B)/tests/lua/redis.o $(ARCHIVES) | $(B)/lua/clock.so
	@mkdir -p $(@D)
	$(SAY) "  LD    $@"
	$(Q)$(link) $^ -lcmocka $(LIBS_CTL) $(LIBS_EV) $(LIBS)
# Goes into redis-server, so without what the build adds to our own programs.
$(B)/lua/clock.so: tests/lua/clock.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O1 -fPIC -shared -o $@ $<
$(B)/bench/%: $(B)/tests/bench/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(SAY) "  LD    $@"
	$(Q)$(link) $^ $(LIBS_CTL) $(LIBS_EV) $(LIBS)
# A fuzz target for libFuzzer (BUILD=fuzz), and the same with a main of ours that replays files.
$(B)/fuzz/%: $(B)/tests/fuzz/fuzz_%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(SAY) "  LD    $@"
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer,address,undefined $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CTL) $(LIBS_EV) $(LIBS)
$(B)/replay/%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(SAY) "  LD    $@"
	$(Q)$(link) $^ $(LIBS_CTL) $(LIBS_EV) $(LIBS)

tests: $(UNIT) $(LUATEST) $(patsubst %,$(B)/replay/%,$(FUZZERS))

## make deps         installs what make, make demo and make check need (apt, as root), and says so
deps:
	@sh tests/deps $(APT_BUILD) $(APT_CHECK)

## make demo         the main job in private mail worlds: Redis, Postfix, providers, bounces, a fleet
demo:
	@sh tests/deps $(APT_BUILD) $(APT_RUN)
	@$(MAKE) --no-print-directory all
	@MXPACE_BUILD=$(B) /usr/bin/python3 tests/demo

## make check        unit, Lua, end-to-end tests, fuzz seeds, lint
check:
	@sh tests/deps $(APT_BUILD) $(APT_CHECK)
	@$(MAKE) --no-print-directory all tests
	@/usr/bin/python3 tests/run --build $(B) --again $(AGAIN) unit lua fuzz e2e lint

## make check-e2e    the end-to-end tests alone
check-e2e: all
	@/usr/bin/python3 tests/run --build $(B) e2e

## make check-long   the long proofs, one by one: about an hour; tests/run long/reuse runs one of them
check-long: all $(B)/lua/clock.so
	@/usr/bin/python3 tests/run --build $(B) --jobs 1 long

## make check-asan   unit, Lua, fuzz seeds and end-to-end tests under ASan and UBSan
check-asan:
	@sh tests/deps $(APT_BUILD) $(APT_CHECK)
	@$(MAKE) --no-print-directory BUILD=asan all tests
	@/usr/bin/python3 tests/run --build build/asan --again $(AGAIN) unit lua fuzz e2e

## make check-valgrind   unit and end-to-end tests under valgrind
check-valgrind:
	@sh tests/deps $(APT_BUILD) $(APT_CHECK)
	@$(MAKE) --no-print-directory BUILD=debug all tests
	@/usr/bin/python3 tests/run --build build/debug --valgrind --again $(AGAIN) unit e2e

## make fuzz FUZZ_SECONDS=60   libFuzzer on every target, for so long each
FUZZ_SECONDS ?= 60
fuzz:
	@sh tests/deps $(APT_BUILD) $(APT_CHECK)
	@$(MAKE) --no-print-directory BUILD=fuzz fuzzers
	@/usr/bin/python3 tests/fuzz/run --seconds $(FUZZ_SECONDS) $(FUZZERS)
.PHONY: fuzzers
fuzzers: $(patsubst %,$(B)/fuzz/%,$(FUZZERS))

## make bench        measurements: decisions a second beside the bare script; what egress adds to a delivery; mxbounce
bench:
	@sh tests/deps $(APT_BUILD) $(APT_RUN)
	@$(MAKE) --no-print-directory all $(BENCH)
	@/usr/bin/python3 tests/bench/bench.py
	@echo
	@MXPACE_BUILD=$(B) /usr/bin/python3 tests/bench/bench_egress.py
	@echo
	@MXPACE_BUILD=$(B) /usr/bin/python3 tests/bench/bench_bounce.py

## make lint         floors, documents against code, man pages, shell scripts, formatting
lint:
	@/usr/bin/python3 tests/run --build $(B) lint

## make format       clang-format over all C files
format:
	clang-format -i $(wildcard $(addsuffix /*.[ch],$(DIRS) tests/unit tests/lua tests/fuzz tests/bench))

## make cov          coverage of the unit and Lua tests (gcov)
cov:
	@$(MAKE) --no-print-directory BUILD=cov all tests
	@/usr/bin/python3 tests/run --build build/cov unit lua fuzz
	@cd build/cov && find lib policyd bounce-pipe ctl -name '*.gcda' | xargs gcov -n 2>/dev/null | \
	  awk '/^File/{f=$$2} /^Lines/{print $$0, f}' | grep -v /usr/include | sort -t: -k2 -n

## make install      DESTDIR=, prefix=/usr
# put FILE TO: a text, in which our own programs and documents are where they are installed.
PUT = put() { sed -E 's,/usr/(sbin/mxpolicyd|bin/mxctl|libexec/mxpace|share/doc/mxpace),$(prefix)/\1,g' "$$1" | \
  install -D -m 644 /dev/stdin "$(DESTDIR)$(prefix)/$$2"; }
install: all
	install -D -m 755 $(B)/mxpolicyd $(DESTDIR)$(prefix)/sbin/mxpolicyd
	install -D -m 755 $(B)/mxbounce $(DESTDIR)$(prefix)/libexec/mxpace/mxbounce
	install -D -m 755 $(B)/mxctl $(DESTDIR)$(prefix)/bin/mxctl
	for f in mxpace.conf mx-rules.conf bounce-rules.conf; do \
	  test -e $(DESTDIR)/etc/mxpace/$$f || install -D -m 644 conf/$$f $(DESTDIR)/etc/mxpace/$$f; done
	@$(PUT); set -ex; for f in $(notdir $(wildcard conf/*.service conf/*.socket conf/*.timer)); do \
	  put conf/$$f lib/systemd/system/$$f; done
	install -D -m 644 conf/mxpace.sysusers $(DESTDIR)$(prefix)/lib/sysusers.d/mxpace.conf
	install -D -m 644 conf/mxpace.tmpfiles $(DESTDIR)$(prefix)/lib/tmpfiles.d/mxpace.conf
	@$(PUT); set -ex; for f in man/*.[1578]; do put $$f share/man/man$${f##*.}/$${f##*/}; done
	@$(PUT); set -ex; for f in postfix-examples/*; do put $$f share/doc/mxpace/$$f; done
	for f in grafana-dashboard.json prometheus-alerts.yml; do \
	  install -D -m 644 conf/$$f $(DESTDIR)$(prefix)/share/doc/mxpace/monitoring/$$f; done
	for f in bash:bash-completion/completions/mxctl zsh:$(zsh_completions)/_mxctl fish:fish/vendor_completions.d/mxctl.fish; do \
	  $(B)/mxctl completion $${f%%:*} > $(B)/gen/completion && \
	  install -D -m 644 $(B)/gen/completion $(DESTDIR)$(prefix)/share/$${f#*:} || exit 1; done

## make deb          the Debian package, in build/deb (DEB=)
.PHONY: deb
DEB     ?= build/deb
FILES    = $(if $(and $(wildcard .git),$(shell command -v git)),git ls-files -z -co --exclude-standard,find . -name build -prune -o -type f -print0 -o -type l -print0)
.PHONY: files
files:
	@$(FILES)
deb:
	@sh tests/deps $(APT_BUILD) debhelper
	rm -rf $(DEB) && mkdir -p $(DEB)/mxpace-$(VERSION)
	$(FILES) | xargs -0 cp -P --parents -t $(DEB)/mxpace-$(VERSION)
	cd $(DEB)/mxpace-$(VERSION) && dpkg-buildpackage -us -uc -b

## make dist         mxpace-VERSION.tar.gz, in build/ (DIST=): the same bytes from the same files, whoever makes it
.PHONY: dist
DIST     ?= build
RELEASED  = $(shell date -d "$$(sed -n 's/^ -- .*>  //p' debian/changelog | head -n 1)" +%s)
dist:
	@mkdir -p $(DIST)
	@$(FILES) | sed -z 's,^\./,,' | LC_ALL=C sort -z | tar -cf $(DIST)/mxpace-$(VERSION).tar --format=ustar \
	  --transform 's,^,mxpace-$(VERSION)/,SH' --mtime=@$(RELEASED) --owner=root:0 --group=root:0 --mode=u=rwX,go=rX \
	  --no-recursion --null -T -
	@gzip -n9f $(DIST)/mxpace-$(VERSION).tar
	@echo "$(DIST)/mxpace-$(VERSION).tar.gz"

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
