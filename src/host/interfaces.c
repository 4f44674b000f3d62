/* interfaces.c - the one table of what a guest may import.  Room: host.
 *
 * Each line is a table that the generator wrote from wit/. Nothing here needs a grant: what does (outbound hosts, files) answers by itself
 * that it is not granted. */
#include "host/bindings/cli_environment.h"
#include "host/bindings/cli_exit.h"
#include "host/bindings/cli_stderr.h"
#include "host/bindings/cli_stdin.h"
#include "host/bindings/cli_stdout.h"
#include "host/bindings/cli_terminal_input.h"
#include "host/bindings/cli_terminal_output.h"
#include "host/bindings/cli_terminal_stderr.h"
#include "host/bindings/cli_terminal_stdin.h"
#include "host/bindings/cli_terminal_stdout.h"
#include "host/bindings/clocks_monotonic_clock.h"
#include "host/bindings/clocks_wall_clock.h"
#include "host/bindings/config_store.h"
#include "host/bindings/filesystem_preopens.h"
#include "host/bindings/filesystem_types.h"
#include "host/bindings/http_outgoing_handler.h"
#include "host/bindings/http_types.h"
#include "host/bindings/io_error.h"
#include "host/bindings/io_poll.h"
#include "host/bindings/io_streams.h"
#include "host/bindings/random_insecure.h"
#include "host/bindings/random_insecure_seed.h"
#include "host/bindings/random_random.h"
#include "host/bindings/sockets_instance_network.h"
#include "host/bindings/sockets_ip_name_lookup.h"
#include "host/bindings/sockets_network.h"
#include "host/bindings/sockets_tcp.h"
#include "host/bindings/sockets_tcp_create_socket.h"
#include "host/bindings/sockets_udp.h"
#include "host/bindings/sockets_udp_create_socket.h"
#include "host/bindings/spin_config.h"
#include "host/bindings/spin_http.h"
#include "host/bindings/spin_http_types.h"
#include "host/bindings/spin_variables.h"
#include "host/bindings3/p3_cli_environment.h"
#include "host/bindings3/p3_cli_exit.h"
#include "host/bindings3/p3_cli_stderr.h"
#include "host/bindings3/p3_cli_stdin.h"
#include "host/bindings3/p3_cli_stdout.h"
#include "host/bindings3/p3_cli_terminal_input.h"
#include "host/bindings3/p3_cli_terminal_output.h"
#include "host/bindings3/p3_cli_terminal_stderr.h"
#include "host/bindings3/p3_cli_terminal_stdin.h"
#include "host/bindings3/p3_cli_terminal_stdout.h"
#include "host/bindings3/p3_cli_types.h"
#include "host/bindings3/p3_clocks_monotonic_clock.h"
#include "host/bindings3/p3_clocks_system_clock.h"
#include "host/bindings3/p3_clocks_types.h"
#include "host/bindings3/p3_filesystem_preopens.h"
#include "host/bindings3/p3_filesystem_types.h"
#include "host/bindings3/p3_http_client.h"
#include "host/bindings3/p3_http_types.h"
#include "host/bindings3/p3_random_insecure.h"
#include "host/bindings3/p3_random_insecure_seed.h"
#include "host/bindings3/p3_random_random.h"
#include "host/host.h"
#include "host/wasi/older.h"
#include "host/wasi01/p1.h"

static const struct component_host_interface *const interfaces[] = {
    &host_cli_environment_interface,
    &host_cli_exit_interface,
    &host_cli_stderr_interface,
    &host_cli_stdin_interface,
    &host_cli_stdout_interface,
    &host_cli_terminal_input_interface,
    &host_cli_terminal_output_interface,
    &host_cli_terminal_stderr_interface,
    &host_cli_terminal_stdin_interface,
    &host_cli_terminal_stdout_interface,
    &host_clocks_monotonic_clock_interface,
    &host_clocks_wall_clock_interface,
    &host_config_store_interface,
    &host_filesystem_preopens_interface,
    &host_filesystem_types_interface,
    &host_http_outgoing_handler_interface,
    &host_http_types_interface,
    &host_io_error_interface,
    &host_io_poll_interface,
    &host_io_streams_interface,
    &host_random_insecure_interface,
    &host_random_insecure_seed_interface,
    &host_random_random_interface,
    &host_sockets_instance_network_interface,
    &host_sockets_ip_name_lookup_interface,
    &host_sockets_network_interface,
    &host_sockets_tcp_interface,
    &host_sockets_tcp_create_socket_interface,
    &host_sockets_udp_interface,
    &host_sockets_udp_create_socket_interface,
    &host_spin_config_interface,
    &host_spin_http_interface,
    &host_spin_http_types_interface,
    &host_spin_variables_interface,
    &host_p1_interface,
    /* WASI 0.3 */
    &host_p3_cli_environment_interface,
    &host_p3_cli_exit_interface,
    &host_p3_cli_stderr_interface,
    &host_p3_cli_stdin_interface,
    &host_p3_cli_stdout_interface,
    &host_p3_cli_terminal_input_interface,
    &host_p3_cli_terminal_output_interface,
    &host_p3_cli_terminal_stderr_interface,
    &host_p3_cli_terminal_stdin_interface,
    &host_p3_cli_terminal_stdout_interface,
    &host_p3_cli_types_interface,
    &host_p3_clocks_monotonic_clock_interface,
    &host_p3_clocks_system_clock_interface,
    &host_p3_clocks_types_interface,
    &host_p3_filesystem_preopens_interface,
    &host_p3_filesystem_types_interface,
    &host_p3_http_client_interface,
    &host_p3_http_types_interface,
    &host_p3_random_insecure_interface,
    &host_p3_random_insecure_seed_interface,
    &host_p3_random_random_interface,
};

static const struct component_host_module *const modules[] = {
    &host_p1_module,
};

/* Spin's, which its SDK for Python imports in every component whether they are used or not. What the manifest grants of them is refused there. */
static const char *const absent[] = {"fermyon:spin/", "spin:", "wasi:keyvalue/"};

const struct component_host *host_interfaces(void)
{
    static const struct component_host host = {.interfaces = interfaces,
                                               .interface_count = sizeof interfaces / sizeof *interfaces,
                                               .modules = modules,
                                               .module_count = sizeof modules / sizeof *modules,
                                               .older = host_older,
                                               .older_count = HOST_OLDER_COUNT,
                                               .anytime = host_p1_anytime,
                                               .anytime_count = HOST_P1_ANYTIME_COUNT,
                                               .absent = absent,
                                               .absent_count = sizeof absent / sizeof *absent};
    return &host;
}
