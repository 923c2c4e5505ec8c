# SPDX-License-Identifier: Apache-2.0
# make demo | check are the two commands of the README; the rest serves them.
#   SANITIZE=1   builds under AddressSanitizer and UBSan into build/asan; SANITIZE=thread under ThreadSanitizer into
#                build/tsan, SANITIZE=fuzz with clang for libFuzzer into build/fuzz
#   SECONDS=600  how long soak takes, or each target of fuzz
#   STEPS=1000   how many random steps soak goes on pathways before
#   PREFIX, SYSCONFDIR, DESTDIR   as usual, for install
VERSION    := 0.1.0
PREFIX     ?= /usr
SYSCONFDIR ?= /etc
SECONDS    ?= $(if $(filter fuzz,$(MAKECMDGOALS)),60,3600)
STEPS      ?= 100000
CC         := gcc
PYTHON     := /usr/bin/python3

ASAN     := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZER   := tests/fuzz/replay.c
ifeq ($(SANITIZE),thread)
BUILD    := build/tsan
SANFLAGS := -fsanitize=thread
OPTIMISE := -O1 -g
else ifeq ($(SANITIZE),fuzz)
BUILD    := build/fuzz
CC       := clang-14
SANFLAGS := $(ASAN) -fsanitize=fuzzer-no-link
FUZZER   := -fsanitize=fuzzer
OPTIMISE := -O1 -g
else ifdef SANITIZE
BUILD    := build/asan
SANFLAGS := $(ASAN)
OPTIMISE := -O1 -g
else
BUILD    := build/plain
OPTIMISE := -O2 -g -D_FORTIFY_SOURCE=2
endif

LIBS     := libpq libmicrohttpd jansson talloc libcrypto zlib libcurl
CPPFLAGS += -D_GNU_SOURCE -DSKILLSD_VERSION='"$(VERSION)"' -DSKILLSD_LIBDIR='"$(PREFIX)/lib/skillsd"' \
            -DSKILLSD_CONF='"$(SYSCONFDIR)/skillsd/skillsd.conf"' -Iinclude -Idaemon -I$(BUILD)/gen \
            $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
CFLAGS   += -std=gnu11 $(OPTIMISE) $(SANFLAGS) -Wall -Wextra -Werror -Wshadow -Wvla -Wwrite-strings \
            -Wstrict-prototypes -Wmissing-prototypes -Wno-missing-field-initializers -Wformat=2 -Wno-format-nonliteral \
            -fstack-protector-strong -fPIE -pthread
LDFLAGS  += -pie -Wl,-z,relro,-z,now,-z,noexecstack $(SANFLAGS) -pthread
LDLIBS   := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -linih -ldl -lm

ROOMS       := command base http api jobs rules store host sign verify fetch draw
DAEMON_SRC  := daemon/main.c $(foreach r,$(ROOMS),$(wildcard daemon/$(r)/*.c))
DAEMON_OBJ  := $(DAEMON_SRC:%.c=$(BUILD)/%.o) $(BUILD)/gen/embedded.o
HELPER_OBJ  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard daemon/helper/*.c))
GATE_OBJ    := $(patsubst %.c,$(BUILD)/%.o,$(wildcard daemon/gate/*.c)) $(HELPER_OBJ)
SIGNER_OBJ  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard daemon/signer/*.c)) $(HELPER_OBJ)
LIB_OBJ     := $(filter-out $(BUILD)/daemon/main.o,$(DAEMON_OBJ))
PLUGIN_SRC  := $(foreach k,source auth report badge notify,$(wildcard plugins/$(k)_*.c))
PLUGINS     := $(patsubst plugins/%.c,$(BUILD)/plugins/%.so,$(PLUGIN_SRC))
UNIT_SRC    := $(wildcard tests/unit/test_*.c)
UNIT_BIN    := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
SQL         := $(sort $(wildcard schemas/sql/*.sql))

# One short line a file; V=1 shows the commands.
ifndef V
Q := @
say = @echo "  $(1) $(2)"
else
say = @:
endif

.PHONY: all demo demo-clean check check-directories tsan fuzz fuzz-keep house bench soak unit install clean \
	tests-binaries fuzz-binaries
all: $(BUILD)/skillsd $(BUILD)/skillsd-gate $(BUILD)/skillsd-sign $(BUILD)/skillsd-draw $(PLUGINS)

$(BUILD)/skillsd: $(DAEMON_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LDLIBS)

$(BUILD)/skillsd-gate: $(GATE_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lpam

PAINTER_LIBS = librsvg-2.0 cairo pangocairo libpng libqrencode libxml-2.0 zlib
PAINTER_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard daemon/painter/*.c))
$(PAINTER_OBJ): CPPFLAGS += $(shell pkg-config --cflags $(PAINTER_LIBS) 2>/dev/null)
$(BUILD)/skillsd-draw: $(PAINTER_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs $(PAINTER_LIBS) 2>/dev/null) -lm

$(BUILD)/skillsd-sign: $(SIGNER_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcrypto

$(BUILD)/plugins/%.so: $(BUILD)/plugins/%.o
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(SANFLAGS) -Wl,-z,defs,-z,relro,-z,now -o $@ $^ $(PLUGIN_LIBS)

LDAP_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard plugins/ldap*.c))
LDIF_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard plugins/ldif*.c))
LDAP_SO := $(patsubst %,$(BUILD)/plugins/%.so,source_ldap source_ldif auth_ldap)
$(LDAP_SO): $(LDAP_OBJ)
# Kerberos for tickets of an instance's own, which libldap takes as a gss_cred_id_t.
LDAP_LIBS := -lldap -llber -lgssapi_krb5 -lkrb5
$(LDAP_SO): PLUGIN_LIBS = $(LDAP_LIBS)
$(BUILD)/plugins/source_ldif.so: $(LDIF_OBJ)
$(BUILD)/plugins/badge_ob2.so $(BUILD)/plugins/badge_ob3.so: $(BUILD)/plugins/bake.o
$(BUILD)/plugins/badge_html.so: $(BUILD)/plugins/html.o $(BUILD)/plugins/markdown.o

$(BUILD)/plugins/%.o: plugins/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Migrations and the OpenAPI document travel inside the binary.
$(BUILD)/gen/openapi.json: schemas/openapi.yaml
	@mkdir -p $(@D)
	@$(PYTHON) -c 'import json,sys,yaml; json.dump(yaml.safe_load(open(sys.argv[1])), open(sys.argv[2],"w"), separators=(",",":"), default=str)' $< $@

$(BUILD)/gen/embedded.S: $(SQL) $(BUILD)/gen/openapi.json Makefile
	@mkdir -p $(@D)
	@{ echo '.section .rodata'; \
	  n=0; for f in $(SQL); do n=$$((n+1)); \
	    printf 'name%d: .asciz "%s"\n.balign 8\nfile%d: .incbin "%s"\n.byte 0\n.balign 8\n' $$n "$$(basename $$f)" $$n "$$f"; done; \
	  printf '.global embedded_openapi\nembedded_openapi: .incbin "%s"\n.byte 0\n.balign 8\n' $(BUILD)/gen/openapi.json; \
	  echo '.section .data.rel.ro,"aw"'; echo '.balign 8'; echo '.global embedded_sql'; echo 'embedded_sql:'; \
	  i=0; while [ $$i -lt $$n ]; do i=$$((i+1)); echo ".quad name$$i, file$$i"; done; echo '.quad 0, 0'; \
	  echo '.section .note.GNU-stack,"",%progbits'; } > $@

$(BUILD)/gen/embedded.o: $(BUILD)/gen/embedded.S
	$(call say,CC,$@)
	$(Q)$(CC) -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -rdynamic -MMD -MP -o $@ $< $(LIB_OBJ) $(LDLIBS) -lcmocka

unit: $(UNIT_BIN)

# Programs that only tests run.
KIT_BIN := $(addprefix $(BUILD)/kit/,http_echo sign signer_ask statements plugin_run clock_jump.so disk_full.so dumpable.so jitter.so)
FUZZ_BIN := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz-binaries: $(FUZZ_BIN)
tests-binaries: $(UNIT_BIN) $(KIT_BIN) $(FUZZ_BIN)

$(BUILD)/fuzz/%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(wildcard tests/fuzz/*.h) $(LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -rdynamic -o $@ $< $(FUZZER) $(FUZZ_OBJ) $(FUZZ_LIBS)

FUZZ_OBJ = $(LIB_OBJ)
FUZZ_LIBS = $(LDLIBS)
# The whole plugin, in a host of the target's own.
$(BUILD)/fuzz/ldif: $(LDAP_OBJ) $(LDIF_OBJ) $(BUILD)/plugins/source_ldif.o
$(BUILD)/fuzz/ldif: FUZZ_OBJ = $(LDAP_OBJ) $(LDIF_OBJ) $(BUILD)/plugins/source_ldif.o
$(BUILD)/fuzz/ldif: FUZZ_LIBS = $(LDAP_LIBS)
$(BUILD)/fuzz/markdown: $(BUILD)/plugins/markdown.o
$(BUILD)/fuzz/markdown: FUZZ_OBJ = $(LIB_OBJ) $(BUILD)/plugins/markdown.o
$(BUILD)/fuzz/dn: $(LDAP_OBJ)
$(BUILD)/fuzz/dn: FUZZ_OBJ = $(LDAP_OBJ) $(LIB_OBJ)
$(BUILD)/fuzz/dn: FUZZ_LIBS = $(LDAP_LIBS) $(LDLIBS)
$(BUILD)/fuzz/draw: $(PAINTER_OBJ)
$(BUILD)/fuzz/draw: CPPFLAGS += $(shell pkg-config --cflags $(PAINTER_LIBS) 2>/dev/null)
$(BUILD)/fuzz/draw: FUZZ_OBJ = $(LIB_OBJ) $(filter-out %/main.o,$(PAINTER_OBJ))
$(BUILD)/fuzz/draw: FUZZ_LIBS = $(LDLIBS) $(shell pkg-config --libs $(PAINTER_LIBS) 2>/dev/null)
# A list's statement is looked at, not run.
$(BUILD)/fuzz/cursor: FUZZ_LIBS = $(LDLIBS) -Wl,--wrap=db_query_once

$(BUILD)/unit/test_bake: tests/unit/test_bake.c $(BUILD)/plugins/bake.o
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(BUILD)/plugins/bake.o -lcmocka

$(BUILD)/unit/test_ldap_dn: tests/unit/test_ldap_dn.c $(LDAP_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(LDAP_OBJ) $(LDAP_LIBS) -lcmocka

$(BUILD)/kit/http_echo $(BUILD)/kit/sign $(BUILD)/kit/signer_ask $(BUILD)/kit/statements: $(BUILD)/kit/%: tests/kit/%.c $(LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(LIB_OBJ) $(LDLIBS)

SIGN_OBJ := $(addprefix $(BUILD)/daemon/,signer/key.o signer/sign.o helper/say.o)
# The daemon's way to a signed badge, with skillsd-sign's signing in the same process.
$(BUILD)/bench/badge_bare: tests/bench/badge_bare.c $(LIB_OBJ) $(SIGN_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -rdynamic -MMD -MP -o $@ $< $(LIB_OBJ) $(SIGN_OBJ) $(LDLIBS) \
		-Wl,--wrap=signer_sign,--wrap=store_key_list

$(BUILD)/bench/bake_bare: tests/bench/bake_bare.c $(BUILD)/plugins/bake.o
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $^ -lz

$(BUILD)/kit/plugin_run: tests/kit/plugin_run.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -rdynamic -MMD -MP -o $@ $< -ljansson -ldl

$(BUILD)/kit/%.so: tests/kit/%.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared -o $@ $<

demo:
	@etc/demo/demo.sh run

demo-clean:
	@etc/demo/demo.sh clean

check:
	@etc/setup.sh check
	@tests/check.sh

# All kinds of directory servers, each against a real one; make check has a short pass of each.
check-directories:
	@etc/setup.sh directories
	@tests/check.sh tests/directories tests/test_source_ldap.py tests/test_auth_ldap.py

# All tests once more under ThreadSanitizer, which may report nothing.
tsan:
	@etc/setup.sh check
	@tests/check.sh tsan

# Each target of tests/fuzz for SECONDS, from the inputs kept of it and those found before, which lie in FINDS. `make
# fuzz-keep` adds to the kept ones what reaches code that none of them reaches. TARGETS="http body": just these.
fuzz fuzz-keep:
	@etc/setup.sh fuzz
	@$(MAKE) -s -j2 SANITIZE=fuzz fuzz-binaries
	@tests/fuzz/run.sh $(if $(filter fuzz,$@),$(SECONDS),keep) $(TARGETS)

# Judges time, each row beside its limit or peer in the same run; tests never do.
bench:
	@etc/setup.sh bench
	@$(MAKE) -s -j2 all $(BUILD)/bench/badge_bare $(BUILD)/bench/bake_bare
	@$(PYTHON) tests/bench/run.py

# Runs long: kills whatever there is in the middle of every kind of run, and looks whether all is right.
soak:
	@etc/setup.sh check packages
	@$(MAKE) -s -j2 all
	@$(PYTHON) tests/soak/progress.py $(STEPS)
	@$(PYTHON) tests/soak/run.py $(SECONDS)

house: all
	@$(PYTHON) tests/house.py

install: all
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" SYSCONFDIR="$(SYSCONFDIR)" etc/install.sh $(BUILD)

clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
.SECONDARY:
