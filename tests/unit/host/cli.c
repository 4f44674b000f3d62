/* cli.c - standard streams, environment, exit, random; and what is denied.  Tests: host. */
#include "base/alloc.h"
#include "check.h"
#include "fake.h"
#include "host/bindings/cli_environment.h"
#include "host/bindings/cli_exit.h"
#include "host/bindings/cli_stderr.h"
#include "host/bindings/cli_stdin.h"
#include "host/bindings/cli_stdout.h"
#include "host/bindings/cli_terminal_stderr.h"
#include "host/bindings/cli_terminal_stdin.h"
#include "host/bindings/cli_terminal_stdout.h"
#include "host/bindings/filesystem_preopens.h"
#include "host/bindings/filesystem_types.h"
#include "host/bindings/random_insecure.h"
#include "host/bindings/random_insecure_seed.h"
#include "host/bindings/random_random.h"
#include "host/bindings/sockets_instance_network.h"
#include "host/bindings/sockets_ip_name_lookup.h"
#include "host/bindings/sockets_tcp_create_socket.h"
#include "host/bindings/sockets_udp_create_socket.h"
#include "host/limits.h"
#include "host/wasi/io.h"

static void say(struct fake *fake, struct host_io_streams_output_stream *stream, struct sw_str text)
{
    struct host_io_streams_stream_error error;
    CHECK_INT(host_io_streams_output_stream_blocking_write_and_flush_wait(&fake->call, stream, text, &error),
              0);
}

static void output_becomes_lines(void **state)
{
    (void)state;
    static const struct {
        const char *parts[6];
        const char *want;
    } rows[] = {
        {{"hello\n"}, "1:hello\n"},
        {{"a\nb\nc\n"}, "1:a\n1:b\n1:c\n"},
        {{"he", "ll", "o", "\n"}, "1:hello\n"},
        {{"one\ntw", "o\n", "three"}, "1:one\n1:two\n1:three\n"}, /* the last one when the host ends */
        {{"\n\n"}, "1:\n1:\n"},
        {{"a", "\n", "\nb"}, "1:a\n1:\n1:b\n"},
        {{""}, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fake fake;
        struct host_io_streams_output_stream *stream;
        fake_init(&fake);
        CHECK_INT(host_cli_stdout_get_stdout(&fake.call, &stream), 0);
        for (int k = 0; k < 6 && rows[i].parts[k]; k++)
            say(&fake, stream, sw_str_of(rows[i].parts[k]));
        host_io_streams_output_stream_drop(fake.host, stream);
        host_line_end(&fake.host->out[0]);
        CHECK_STR(sw_buf_str(&fake.output), rows[i].want);
        fake_deinit(&fake);
    }
}

static void streams_of_one_kind_share_a_line(void **state)
{
    (void)state;
    struct fake fake;
    struct host_io_streams_output_stream *out, *out2, *err;
    fake_init(&fake);
    CHECK_INT(host_cli_stdout_get_stdout(&fake.call, &out), 0);
    CHECK_INT(host_cli_stdout_get_stdout(&fake.call, &out2), 0);
    CHECK_INT(host_cli_stderr_get_stderr(&fake.call, &err), 0);
    say(&fake, out, SW_LIT("a"));
    say(&fake, err, SW_LIT("x"));
    say(&fake, out2, SW_LIT("b\n"));
    say(&fake, err, SW_LIT("y\n"));
    CHECK_STR(sw_buf_str(&fake.output), "1:ab\n2:xy\n");
    host_io_streams_output_stream_drop(fake.host, out);
    host_io_streams_output_stream_drop(fake.host, out2);
    host_io_streams_output_stream_drop(fake.host, err);
    fake_deinit(&fake);
}

static void long_lines_are_handed_on_in_parts(void **state)
{
    (void)state;
    static char big[HOST_LOG_LINE_MAX * 2 + 100];
    static const size_t sizes[] = {HOST_LOG_LINE_MAX - 1, HOST_LOG_LINE_MAX, HOST_LOG_LINE_MAX + 1,
                                   sizeof big - 1};
    memset(big, 'x', sizeof big);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t step = 1; step < 5000; step = step * 7 + 1) {
            struct fake fake;
            struct host_io_streams_output_stream *stream;
            fake_init(&fake);
            CHECK_INT(host_cli_stdout_get_stdout(&fake.call, &stream), 0);
            for (size_t at = 0; at < sizes[i]; at += step) {
                size_t n = sizes[i] - at < step ? sizes[i] - at : step;
                while (n) {
                    size_t part = n < 4096 ? n : 4096;
                    say(&fake, stream, sw_str(big, part));
                    n -= part;
                }
            }
            say(&fake, stream, SW_LIT("\n"));
            size_t bytes = 0, longest = 0;
            struct sw_str rest = sw_buf_str(&fake.output);
            while (rest.n) {
                size_t end = sw_str_find(rest, '\n');
                CHECK(end != SW_NPOS && end >= 2);
                bytes += end - 2;
                longest = end - 2 > longest ? end - 2 : longest;
                rest = sw_str_from(rest, end + 1);
            }
            CHECK_INT(bytes, sizes[i]);
            CHECK(longest <= HOST_LOG_LINE_MAX);
            host_io_streams_output_stream_drop(fake.host, stream);
            fake_deinit(&fake);
        }
    }
}

static void output_survives_a_lack_of_memory(void **state)
{
    (void)state;
    struct fake fake;
    struct host_io_streams_output_stream *stream;
    struct sw_err err;
    host_spare_free();
    fake_init(&fake);
    CHECK_OK(sw_buf_reserve(&fake.output, 1000, &err), &err);
    CHECK_INT(host_cli_stdout_get_stdout(&fake.call, &stream), 0);
    sw_mem_fail_after(0);
    say(&fake, stream, SW_LIT("half "));
    say(&fake, stream, SW_LIT("line\n"));
    sw_mem_fail_after(-1);
    CHECK_STR(sw_buf_str(&fake.output), "1:half \n1:line\n");
    host_io_streams_output_stream_drop(fake.host, stream);
    fake_deinit(&fake);
}

static void stdin_is_empty(void **state)
{
    (void)state;
    struct fake fake;
    struct host_io_streams_input_stream *stream;
    struct host_io_streams_stream_error error;
    struct sw_str bytes;
    fake_init(&fake);
    CHECK_INT(host_cli_stdin_get_stdin(&fake.call, &stream), 0);
    CHECK_INT(host_io_streams_input_stream_blocking_read_wait(&fake.call, stream, 1, &bytes, &error),
              HOST_WIT_ERROR);
    CHECK_INT(error.tag, HOST_IO_STREAMS_STREAM_ERROR_CLOSED);
    host_io_streams_input_stream_drop(fake.host, stream);
    fake_deinit(&fake);
}

static void the_environment_is_what_was_granted(void **state)
{
    (void)state;
    static const struct host_env_var env[] = {{SW_LIT_INIT("A"), SW_LIT_INIT("1")},
                                              {SW_LIT_INIT("B"), SW_LIT_INIT("")}};
    struct fake fake;
    struct host_list_tuple_str_str list;
    struct host_list_str arguments;
    struct host_option_str cwd;
    fake_init(&fake);
    CHECK_INT(host_cli_environment_get_environment(&fake.call, &list), 0);
    CHECK_INT(list.n, 0);
    fake.grants.env = env;
    fake.grants.env_count = 2;
    CHECK_INT(host_cli_environment_get_environment(&fake.call, &list), 0);
    CHECK_INT(list.n, 2);
    CHECK_STR(list.items[0].f0, "A");
    CHECK_STR(list.items[0].f1, "1");
    CHECK_STR(list.items[1].f0, "B");
    CHECK_STR(list.items[1].f1, "");
    CHECK_INT(host_cli_environment_get_arguments(&fake.call, &arguments), 0);
    CHECK_INT(arguments.n, 0);
    CHECK_INT(host_cli_environment_initial_cwd(&fake.call, &cwd), 0);
    CHECK(!cwd.has);
    struct host_option_cli_terminal_input_terminal_input input;
    struct host_option_cli_terminal_output_terminal_output output;
    CHECK_INT(host_cli_terminal_stdin_get_terminal_stdin(&fake.call, &input), 0);
    CHECK(!input.has);
    CHECK_INT(host_cli_terminal_stdout_get_terminal_stdout(&fake.call, &output), 0);
    CHECK(!output.has);
    CHECK_INT(host_cli_terminal_stderr_get_terminal_stderr(&fake.call, &output), 0);
    CHECK(!output.has);
    fake_deinit(&fake);
}

static void a_dependency_has_what_it_inherits_and_nothing_else(void **state)
{
    (void)state;
    static const struct host_env_var env[] = {{SW_LIT_INIT("A"), SW_LIT_INIT("1")}};
    static const struct host_grants dependencies[] = {{.env = NULL}, {.env = env, .env_count = 1}};
    static const struct sw_str args[] = {SW_LIT_INIT("x")};
    struct fake fake;
    struct host_list_tuple_str_str list;
    struct host_list_str arguments;
    struct host_io_streams_output_stream *stream;
    fake_init(&fake);
    fake.grants.env = env;
    fake.grants.env_count = 1;
    fake.grants.dependencies = dependencies;
    fake.grants.dependency_count = 2;
    host_command_begin(fake.host,
                       &(struct host_command){.args = args, .arg_count = 1, .env = env, .env_count = 1});
    for (fake.principal = 0; fake.principal <= 3; fake.principal++) { /* 3: there is none */
        CHECK_INT(host_cli_environment_get_environment(&fake.call, &list), 0);
        CHECK_INT(list.n, fake.principal == 0 || fake.principal == 2 ? 1 : 0);
        CHECK_INT(host_cli_environment_get_arguments(&fake.call, &arguments), 0);
        CHECK_INT(arguments.n, fake.principal == 0 ? 1 : 0);
    }
    fake.principal = 1; /* what it prints is the component's output */
    CHECK_INT(host_cli_stdout_get_stdout(&fake.call, &stream), 0);
    say(&fake, stream, SW_LIT("hi\n"));
    CHECK_STR(sw_buf_str(&fake.output), "1:hi\n");
    host_io_streams_output_stream_drop(fake.host, stream);
    fake_deinit(&fake);
}

static void exit_ends_the_guest(void **state)
{
    (void)state;
    struct fake fake;
    fake_init(&fake);
    struct host_result_void_void good = {false}, bad = {true};
    fake_trapped(&fake, host_cli_exit_exit(&fake.call, good), "the guest exited with success");
    fake_trapped(&fake, host_cli_exit_exit(&fake.call, bad), "the guest exited with a failure");
    CHECK_INT(host_cli_exit_exit_with_code(&fake.call, 3), -SW_EGUEST);
    CHECK_INT(fake.failure.kind, ENGINE_TRAP_EXIT);
    fake_trapped(&fake, -SW_EGUEST, "the guest exited with code 3");
    fake_deinit(&fake);
}

static void random_bytes_are_random_and_bounded(void **state)
{
    (void)state;
    struct fake fake;
    struct sw_str bytes;
    struct host_tuple_u64_u64 seed;
    uint64_t a = 0, b = 0;
    unsigned char seen[256] = {0};
    int kinds = 0;
    fake_init(&fake);
    CHECK_INT(host_random_random_get_random_u64(&fake.call, &a), 0);
    CHECK_INT(host_random_insecure_get_insecure_random_u64(&fake.call, &b), 0);
    CHECK(a != b);
    CHECK_INT(host_random_insecure_seed_insecure_seed(&fake.call, &seed), 0);
    CHECK(seed.f0 != seed.f1);
    CHECK_INT(host_random_random_get_random_bytes(&fake.call, 0, &bytes), 0);
    CHECK_INT(bytes.n, 0);
    CHECK_INT(host_random_insecure_get_insecure_random_bytes(&fake.call, 7, &bytes), 0);
    CHECK_INT(bytes.n, 7);
    CHECK_INT(host_random_random_get_random_bytes(&fake.call, HOST_RANDOM_BYTES_MAX, &bytes), 0);
    CHECK_INT(bytes.n, HOST_RANDOM_BYTES_MAX);
    for (size_t i = 0; i < bytes.n; i++)
        seen[(unsigned char)bytes.p[i]] = 1;
    for (int i = 0; i < 256; i++)
        kinds += seen[i];
    CHECK_INT(kinds, 256);
    fake_trapped(&fake, host_random_random_get_random_bytes(&fake.call, HOST_RANDOM_BYTES_MAX + 1, &bytes),
                 "1048577 random bytes at once are over the limit of 1048576");
    fake_trapped(&fake, host_random_insecure_get_insecure_random_bytes(&fake.call, UINT64_MAX, &bytes),
                 "are over the limit");
    fake_deinit(&fake);
}

static void files_and_sockets_are_not_granted(void **state)
{
    (void)state;
    struct fake fake;
    struct host_list_tuple_filesystem_types_descriptor_str preopens;
    struct host_option_filesystem_types_error_code code;
    struct host_io_error_error plain = {.code = SW_EIO};
    struct host_sockets_network_network *network;
    enum host_sockets_network_error_code error = HOST_SOCKETS_NETWORK_ERROR_CODE_UNKNOWN;
    struct host_sockets_tcp_tcp_socket *tcp;
    struct host_sockets_udp_udp_socket *udp;
    struct host_sockets_ip_name_lookup_resolve_address_stream *addresses;
    fake_init(&fake);
    CHECK_INT(host_filesystem_preopens_get_directories(&fake.call, &preopens), 0);
    CHECK_INT(preopens.n, 0);
    CHECK_INT(host_filesystem_types_filesystem_error_code(&fake.call, &plain, &code), 0);
    CHECK(!code.has);
    CHECK_INT(host_sockets_instance_network_instance_network(&fake.call, &network), 0);
    CHECK_INT(
        host_sockets_ip_name_lookup_resolve_addresses(&fake.call, network, SW_LIT("a.b"), &addresses, &error),
        HOST_WIT_ERROR);
    CHECK_INT(error, HOST_SOCKETS_NETWORK_ERROR_CODE_ACCESS_DENIED);
    CHECK_INT(host_sockets_tcp_create_socket_create_tcp_socket(
                  &fake.call, HOST_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV4, &tcp, &error),
              HOST_WIT_ERROR);
    CHECK_INT(error, HOST_SOCKETS_NETWORK_ERROR_CODE_ACCESS_DENIED);
    CHECK_INT(host_sockets_udp_create_socket_create_udp_socket(
                  &fake.call, HOST_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV6, &udp, &error),
              HOST_WIT_ERROR);
    CHECK_INT(error, HOST_SOCKETS_NETWORK_ERROR_CODE_ACCESS_DENIED);
    host_sockets_network_network_drop(fake.host, network);
    fake_deinit(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_becomes_lines),
        cmocka_unit_test(streams_of_one_kind_share_a_line),
        cmocka_unit_test(long_lines_are_handed_on_in_parts),
        cmocka_unit_test(output_survives_a_lack_of_memory),
        cmocka_unit_test(stdin_is_empty),
        cmocka_unit_test(the_environment_is_what_was_granted),
        cmocka_unit_test(a_dependency_has_what_it_inherits_and_nothing_else),
        cmocka_unit_test(exit_ends_the_guest),
        cmocka_unit_test(random_bytes_are_random_and_bounded),
        cmocka_unit_test(files_and_sockets_are_not_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
