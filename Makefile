# Thin on purpose: what a target does is in tools/, config and t/.
#
#   make            build/ngx_http_credhub_module.so, build/credhubctl
#   make run        a demo hub on 127.0.0.1:$(PORT), files in run/
#   make stop       ends it
#   make test       everything in t/; TESTS=t/name.t for some of it
#   make asan       the same tests with AddressSanitizer and UBSan
#   make check      format, warnings, static analysis
#   make fuzz       each parser for SECONDS under libFuzzer
#   make soak       REQUESTS requests and 30 reloads with AddressSanitizer
#   make bench      how fast it is, beside what it is compared to
#   make install    the module into $(DESTDIR)$(MODULES), credhubctl into
#                   $(DESTDIR)$(PREFIX)/bin

SHELL     = /bin/bash
PORT      = 8844
BENCHPORT = 8950
SECONDS   = 60
REQUESTS  = 100000
MODULES   = /usr/lib/nginx/modules
PREFIX    = /usr/local
NGINX_DEV = /usr/share/nginx/src
RUN       = run
TESTS     = t
PROVE     = prove -j2 -r -It/lib

BUILD  = build
CC_OPT = -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2
LD_OPT = -Wl,-z,relro -Wl,-z,now

# -w: instrumented code makes some warnings wrong, and the other build has them
ifdef SANITIZE
BUILD  = build/asan
CC_OPT = -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined -w
LD_OPT = -fsanitize=address,undefined
endif

MODULE = $(BUILD)/ngx_http_credhub_module.so
NGINX  = $(BUILD)/nginx
JOBS   = -j$(shell nproc)

UNIT_CFLAGS = -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Werror -g \
	$(CC_OPT) -Isrc/core -Isrc/outbound -MMD -MP
UNIT_CORE   = $(patsubst src/core/%.c,$(BUILD)/unit/%.o,$(wildcard src/core/*.c))
UNIT_TESTS  = $(patsubst t/unit/%.c,$(BUILD)/unit/%,$(wildcard t/unit/test_*.c))
OUTBOUND    = $(patsubst src/outbound/%.c,$(BUILD)/outbound/%.o,\
	$(wildcard src/outbound/*.c))
DRIVERS     = $(patsubst t/outbound/%.c,$(BUILD)/outbound/%,\
	$(wildcard t/outbound/*.c))
CTL         = $(patsubst tools/credhubctl/%.c,$(BUILD)/ctl/%.o,\
	$(wildcard tools/credhubctl/*.c))
FUZZERS     = $(patsubst t/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard t/fuzz/fuzz_*.c))
BENCHERS    = $(addprefix $(BUILD)/,load issue handshakes)
FUZZ_MAIN   = $(BUILD)/fuzz/replay.o

.DELETE_ON_ERROR:
.PHONY: all module credhubctl unit outbound fuzzers run stop test asan check \
	fuzz soak bench deps install clean FORCE

all: module credhubctl

module: $(MODULE)


$(MODULE): FORCE $(NGINX)/objs/Makefile
	@$(MAKE) -s $(JOBS) -C $(NGINX) -f objs/Makefile modules
	@cmp -s $(NGINX)/objs/$(@F) $@ || install -m 644 $(NGINX)/objs/$(@F) $@

$(NGINX)/objs/Makefile: config config.make Makefile $(BUILD)/sources \
		$(wildcard $(NGINX_DEV)/conf_flags)
	rm -rf $(NGINX)
	cp -r $(NGINX_DEV) $(NGINX)
	cd $(NGINX) && . ./conf_flags && ASAN_OPTIONS=detect_leaks=0 \
	./configure "$${NGX_CONF_FLAGS[@]}" --builddir=objs \
		--add-dynamic-module=$(CURDIR) \
		--with-cc-opt='$(CC_OPT)' --with-ld-opt='$(LD_OPT)' \
		> configure.log || { tail -3 configure.log >&2; false; }

$(BUILD)/sources: FORCE | deps-build
	@mkdir -p $(@D)
	@printf '%s\n' $(wildcard src/*/*.[ch]) | cmp -s - $@ \
		|| printf '%s\n' $(wildcard src/*/*.[ch]) > $@


credhubctl: $(BUILD)/credhubctl

$(BUILD)/credhubctl: $(CTL) $(BUILD)/unit/libcore.a
	$(CC) $(CC_OPT) -o $@ $^ $(LD_OPT) -l:libhiredis.a -ljansson -lssh \
		-lpcre2-8 -lcrypto

$(BUILD)/ctl/%.o: tools/credhubctl/%.c | deps-build
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -Isrc/store -c -o $@ $<

unit: $(UNIT_TESTS)

$(UNIT_TESTS): %: %.o $(BUILD)/unit/libcore.a
	$(CC) $(CC_OPT) -o $@ $^ $(LD_OPT) -lcmocka -ljansson -lcrypt -lssh -lpcre2-8 -lcrypto

$(BUILD)/unit/libcore.a: $(UNIT_CORE)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/unit/%.o: src/core/%.c | deps-build
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -c -o $@ $<

$(BUILD)/unit/%.o: t/unit/%.c | deps-test
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -c -o $@ $<

# programs that call the probes as nginx would, on threads
outbound: $(DRIVERS)

$(DRIVERS): %: %.o $(OUTBOUND) $(BUILD)/unit/libcore.a
	$(CC) $(CC_OPT) -o $@ $^ $(LD_OPT) -lssh -lcurl -ljansson -lssl -lcrypto \
		-lpthread

$(BUILD)/outbound/%.o: src/outbound/%.c | deps-test
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -c -o $@ $<

$(BUILD)/outbound/%.o: t/outbound/%.c | deps-test
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -c -o $@ $<

fuzzers: $(FUZZERS)

$(FUZZERS): %: %.o $(FUZZ_MAIN) $(BUILD)/unit/libcore.a
	$(CC) $(CC_OPT) -o $@ $^ $(LD_OPT) -ljansson -lcrypt -lssh -lpcre2-8 -lcrypto

$(BUILD)/fuzz/%.o: t/fuzz/%.c | deps-test
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -c -o $@ $<

-include $(wildcard $(BUILD)/ctl/*.d $(BUILD)/unit/*.d $(BUILD)/outbound/*.d \
	$(BUILD)/fuzz/*.d)


run: module deps-run
	@tools/run $(MODULE) $(PORT) $(RUN)

stop:
	@tools/stop $(RUN)

test: module credhubctl deps-run deps-test
	CREDHUB_MODULE=$(abspath $(MODULE)) CREDHUB_SANITIZE=$(SANITIZE) \
		$(PROVE) $(TESTS)

asan:
	$(MAKE) SANITIZE=1 test

check: $(NGINX)/objs/Makefile deps-test deps-check
	$(MAKE) -s -C $(NGINX) -f objs/Makefile objs/ngx_credhub_lua.h
	tools/check $(NGINX)

# libFuzzer brings the main function
fuzz: deps-check
	@$(MAKE) -s $(JOBS) BUILD=build/libfuzzer CC=clang FUZZ_MAIN= \
		CC_OPT='-O1 -fno-omit-frame-pointer \
		-fsanitize=fuzzer-no-link,address,undefined \
		-fno-sanitize-recover=undefined' \
		LD_OPT=-fsanitize=fuzzer,address,undefined fuzzers
	@tools/fuzz build/libfuzzer/fuzz t/fuzz/corpus $(SECONDS)

soak: deps-run deps-test
	@$(MAKE) -s SANITIZE=1 module
	@CREDHUB_MODULE=$(CURDIR)/build/asan/ngx_http_credhub_module.so \
		CREDHUB_SANITIZE=1 tools/soak $(REQUESTS)

bench: module $(BENCHERS) deps-run deps-bench
	@bench/run $(MODULE) $(BENCHERS) $(BUILD)/bench $(BENCHPORT)

$(BENCHERS): $(BUILD)/%: bench/%.c | deps-build
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -Wall -Wextra -Werror $(CC_OPT) -o $@ $< -lssl -lcrypto \
		-lpthread

install: module credhubctl
	install -D -m 644 $(MODULE) $(DESTDIR)$(MODULES)/$(notdir $(MODULE))
	install -D -m 755 $(BUILD)/credhubctl $(DESTDIR)$(PREFIX)/bin/credhubctl

clean:
	rm -rf build

deps: deps-build deps-run deps-test deps-check deps-bench

deps-%: FORCE
	@tools/deps $*
