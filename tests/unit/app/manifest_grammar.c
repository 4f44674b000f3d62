/* manifest_grammar.c - tests of what version 2 of spin.toml grants and names, row by row of spin.md 1.5-1.13. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "check.h"
#include "parse.h"

#define ROUTE "[[trigger.http]]\nroute = \"/\"\n"
#define VARS                                                                                                 \
    "[variables]\nhost = { default = \"h\" }\nnone = { default = \"\" }\ntoken = { required = true, secret " \
    "= true }\n"
#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define A(more) HEAD HTTP COMP more
#define DEP(more) HEAD HTTP COMP "[component.a.dependencies]\n" more
#define LIB "[component.b]\nsource = \"b.wasm\"\n"

static const struct {
    const char *text, *message;
} refused[] = {
    {HEAD "variables = 1\n", "spin.toml:4:1: variables: unknown key in [application]\nhint: expected one of "
                             "'name', 'version', 'description', 'authors', 'targets', 'trigger', 'tool'"},
    {HEAD "[variables]\nv = 1\n", "spin.toml:5:5: v: expected a table, got the integer 1"},
    {HEAD "[variables]\nv = {}\n", "spin.toml:5:5: variable 'v' must be `required` OR have a "
                                   "`default`\nhint: write required = true, or a default; not both"},
    {HEAD "[variables]\nv = { required = true, default = \"x\" }\n",
     "spin.toml:5:5: variable 'v' must be `required` OR have a `default`\nhint: write required = true, or a "
     "default; not both"},
    {HEAD "[variables]\nv = { required = false }\n",
     "spin.toml:5:5: variable 'v' must be `required` OR have a `default`\nhint: write required = true, or a "
     "default; not both"},
    {HEAD "[variables]\nv = { required = 1 }\n",
     "spin.toml:5:18: required: expected true or false, got the integer 1"},
    {HEAD "[variables]\nv = { default = 1 }\n",
     "spin.toml:5:17: default: expected a string, got the integer 1\nhint: write default = \"1\""},
    {HEAD "[variables]\nv = { default = \"x\", secret = \"yes\" }\n",
     "spin.toml:5:31: secret: expected true or false, got the string 'yes'"},
    {HEAD "[variables]\nv = { defalt = \"x\" }\n",
     "spin.toml:5:7: defalt: unknown key in [variables.v]\nhint: did you mean 'default'?"},
    {HEAD "[variables]\nV = { default = \"x\" }\n",
     "spin.toml:5:1: V: expected the name of a variable: each word must be all lower case"},
    {HEAD "[variables]\nv-w = { default = \"x\" }\n",
     "spin.toml:5:1: v-w: expected the name of a variable: words must be separated with '_', not '-'"},
    {HEAD "[variables]\nv__w = { default = \"x\" }\n",
     "spin.toml:5:1: v__w: expected the name of a variable: words must not be empty"},
    {HEAD "[variables]\nv_1 = { default = \"x\" }\n",
     "spin.toml:5:1: v_1: expected the name of a variable: each word must start with an ASCII letter"},
    /* variables of a component, 1.12 */
    {A("variables = []\n"), "spin.toml:9:13: variables: expected a table, got an array\nhint: it is a table: "
                            "variables = { name = \"{{ variable }}\" }"},
    {A("variables = { v = 1 }\n"),
     "spin.toml:9:19: v: expected a string, got the integer 1\nhint: write v = \"1\""},
    {A("variables = { V = \"\" }\n"),
     "spin.toml:9:15: V: expected the name of a variable: each word must be all lower case"},
    {A("variables = { v = \"{{ hots }}\" }\n") VARS,
     "spin.toml:9:19: v: unknown variable 'hots'\nhint: did you mean 'host'?"},
    {A("variables = { v = \"{{ other }}\" }\n"),
     "spin.toml:9:19: v: unknown variable 'other'\nhint: add it to [variables]; only these can be named"},
    {A("variables = { v = \"{{ host }\" }\n") VARS,
     "spin.toml:9:19: v: expected '}}' behind each '{{', got the string '{{ host }'\nhint: a variable is "
     "written as {{ name }}"},
    {A("variables = { v = \"{{}}\" }\n") VARS,
     "spin.toml:9:19: v: unknown variable ''\nhint: add it to [variables]; only these can be named"},
    /* sources, 1.8 */
    {HEAD HTTP "[component.a]\nsource = {}\n",
     "spin.toml:8:10: 'source': the key 'url' is missing\nhint: it is the address of the component's .wasm"},
    {HEAD HTTP "[component.a]\nsource = { url = \"https://x/a.wasm\" }\n",
     "spin.toml:8:10: 'source': the key 'digest' is missing\nhint: it is the digest of the component's "
     ".wasm, as \"sha256:<hex>\""},
    {HEAD HTTP "[component.a]\nsource = { url = \"ftp://x/a.wasm\", digest = \"" DIGEST "\" }\n",
     "spin.toml:8:18: url: expected an address that begins with 'https://' or 'http://', got the string "
     "'ftp://x/a.wasm'"},
    {HEAD HTTP "[component.a]\nsource = { url = \"https://x/a b\", digest = \"" DIGEST "\" }\n",
     "spin.toml:8:18: url: expected an address without white space, got the string 'https://x/a b'\nhint: "
     "write '%20' for a space"},
    {HEAD HTTP "[component.a]\nsource = { url = \"https://x/a.wasm\", digest = \"md5:12\" }\n",
     "spin.toml:8:47: invalid `digest`; must start with 'sha256:', got 'md5:12'\nhint: 'sha256sum FILE' "
     "prints the digits that go behind it"},
    {HEAD HTTP "[component.a]\nsource = { url = \"https://x/a.wasm\", digest = \"sha256:12\" }\n",
     "spin.toml:8:47: digest: expected 'sha256:' and 64 of the digits 0-9 and a-f, got the string "
     "'sha256:12'\nhint: 'sha256sum FILE' prints them"},
    {HEAD HTTP "[component.a]\nsource = { url = \"https://x/a.wasm\", digest = \"" DIGEST "\", x = 1 }\n",
     "spin.toml:8:122: x: unknown key in 'source'\nhint: expected one of 'url', 'digest'"},
    {HEAD HTTP "[component.a]\nsource = { package = \"x:y\" }\n",
     "spin.toml:8:10: 'source': the key 'version' is missing\nhint: it is the version of the package, as "
     "\"1.2.3\""},
    {HEAD HTTP "[component.a]\nsource = { package = \"xy\", version = \"1.0.0\" }\n",
     "spin.toml:8:22: package: expected a package as \"namespace:name\", got the string 'xy'"},
    {HEAD HTTP "[component.a]\nsource = { package = \"x:y\", version = \"1.0\" }\n",
     "spin.toml:8:39: version: expected one exact version such as \"1.2.3\", got the string '1.0'"},
    {HEAD HTTP "[component.a]\nsource = { package = \"x:y\", version = \">=1.0.0\" }\n",
     "spin.toml:8:39: version: expected one exact version such as \"1.2.3\", got the string '>=1.0.0'"},
    /* files, 1.9 */
    {A("files = \"a\"\n"), "spin.toml:9:9: files: expected an array, got the string 'a'\nhint: it is a list: "
                           "files = [\"static/*\"]"},
    {A("files = [1]\n"), "spin.toml:9:10: item: expected a string or { source = \"...\", destination = "
                         "\"...\" }, got the integer 1"},
    {A("files = [\"\"]\n"),
     "spin.toml:9:10: item: expected a file, a folder or a pattern, got the string ''"},
    {A("files = [\"a/..\"]\n"),
     "spin.toml:9:10: 'a/..': A file pattern can't end in a parent directory path (..)\nhint: name a folder "
     "below the manifest's, or a pattern such as \"dir/**/*\""},
    {A("files = [\"a/./\"]\n"),
     "spin.toml:9:10: 'a/./': A file pattern can't end in a current directory path (.)\nhint: name a folder "
     "below the manifest's, or a pattern such as \"dir/**/*\""},
    {A("files = [\".\"]\n"),
     "spin.toml:9:10: '.': A file pattern can't end in a current directory path (.)\nhint: name a folder "
     "below the manifest's, or a pattern such as \"dir/**/*\""},
    {A("files = [{ source = \"a\" }]\n"), "spin.toml:9:10: an entry of 'files': the key 'destination' is "
                                          "missing\nhint: it is the path that the component sees"},
    {A("files = [{ source = \"\", destination = \"/\" }]\n"),
     "spin.toml:9:21: source: expected a file or folder, got the string ''"},
    {A("files = [{ source = \"a\", destination = \"\" }]\n"),
     "spin.toml:9:40: destination: expected the path that the component sees, got the string ''\nhint: "
     "destination = \"/\" is its root"},
    {A("files = [{ source = \"a\", dest = \"/\" }]\n"),
     "spin.toml:9:26: dest: unknown key in an entry of 'files'\nhint: expected one of 'source', "
     "'destination'"},
    {A("exclude_files = \"a\"\n"), "spin.toml:9:17: exclude_files: expected an array, got the string 'a'"},
    {A("exclude_files = [1]\n"),
     "spin.toml:9:18: exclude_files: expected a list of strings, got the integer 1 in it"},
    {A("exclude_files = [\"..\"]\n"),
     "spin.toml:9:18: '..': A file pattern can't end in a parent directory path (..)\nhint: name a folder "
     "below the manifest's, or a pattern such as \"dir/**/*\""},
    /* labels and models, 1.2 */
    {A("key_value_stores = \"default\"\n"),
     "spin.toml:9:20: key_value_stores: expected an array, got the string 'default'"},
    {A("key_value_stores = [\"a b\"]\n"), "spin.toml:9:21: key_value_stores: expected the label of a store, "
                                          "got 'a b': words must consist of ASCII letters and digits"},
    {A("key_value_stores = [\"a_b-c\"]\n"), "spin.toml:9:21: key_value_stores: expected the label of a "
                                            "store, got 'a_b-c': words must be separated with '-', not '_'"},
    {A("sqlite_databases = [\"1a\"]\n"), "spin.toml:9:21: sqlite_databases: expected the label of a "
                                         "database, got '1a': each word must start with an ASCII letter"},
    {A("ai_models = [\"llama2_chat\"]\n"), "spin.toml:9:14: ai_models: expected the name of a model, got "
                                           "'llama2_chat': words must be separated with '-', not '_'"},
    {A("key_value_stores = [\"a_b\", \"c-d\"]\n"),
     "spin.toml:9:1: key_value_stores: this version of Swell does not support key-value stores yet\nhint: "
     "remove it to run the application without"},
    {A("sqlite_databases = [\"default\"]\n"),
     "spin.toml:9:1: sqlite_databases: this version of Swell does not support SQLite databases yet\nhint: "
     "remove it to run the application without"},
    {A("ai_models = [\"llama2-chat\"]\n"), "spin.toml:9:1: ai_models: this version of Swell does not support "
                                           "AI models yet\nhint: remove it to run the application without"},
    /* targets, 1.4 */
    {HEAD "targets = \"spin-up\"\n", "spin.toml:4:11: targets: expected an array, got the string "
                                     "'spin-up'\nhint: it is a list: targets = [\"spin-up:3.2\"]"},
    {HEAD "targets = [\"\"]\n", "spin.toml:4:12: item: expected \"name\", \"name:version\", { url = \"...\" "
                                "} or { path = \"...\" }, got the string ''"},
    {HEAD "targets = [\":1\"]\n", "spin.toml:4:12: item: expected \"name\", \"name:version\", { url = "
                                  "\"...\" } or { path = \"...\" }, got the string ':1'"},
    {HEAD "targets = [\"a:\"]\n", "spin.toml:4:12: item: expected \"name\", \"name:version\", { url = "
                                  "\"...\" } or { path = \"...\" }, got the string 'a:'"},
    {HEAD "targets = [1]\n", "spin.toml:4:12: item: expected \"name\", \"name:version\", { url = \"...\" } "
                             "or { path = \"...\" }, got the integer 1"},
    {HEAD "targets = [{ uri = \"x\" }]\n",
     "spin.toml:4:14: uri: unknown key in an entry of 'targets'\nhint: did you mean 'url'?"},
    {A("targets = [{ path = 1 }]\n"),
     "spin.toml:9:21: path: expected a string, got the integer 1\nhint: write path = \"1\""},
    /* hosts, 1.11 and 1.14 */
    {A("allowed_outbound_hosts = \"https://x\"\n"),
     "spin.toml:9:26: allowed_outbound_hosts: expected an array, got the string 'https://x'"},
    {A("allowed_outbound_hosts = [1]\n"),
     "spin.toml:9:27: allowed_outbound_hosts: expected a list of strings, got the integer 1 in it"},
    {A("allowed_outbound_hosts = [\"https://{{ nobody }}\"]\n"),
     "spin.toml:9:27: allowed_outbound_hosts: unknown variable 'nobody'\nhint: add it to [variables]; only "
     "these can be named"},
    {A("allowed_outbound_hosts = [\"example.com\"]\n"),
     "spin.toml:9:27: `allowed_outbound_hosts` is malformed: 'example.com': 'example.com' does not contain a "
     "scheme; write it as 'https://host' or 'scheme://host:port'"},
    {A("allowed_outbound_hosts = [\"*://example.com\"]\n"),
     "spin.toml:9:27: `allowed_outbound_hosts` is malformed: '*://example.com': no port was provided and the "
     "scheme '*' does not have a known default port number"},
    {A("allowed_outbound_hosts = [\"https://x/path\"]\n"),
     "spin.toml:9:27: `allowed_outbound_hosts` is malformed: 'https://x/path': 'x/path' must not include a "
     "path"},
    {A("allowed_outbound_hosts = [\"https://{{ host }}.*\"]\n") VARS,
     "spin.toml:9:27: `allowed_outbound_hosts` is malformed: 'https://{{ host }}.*': 'h.*': wildcards are "
     "allowed only as subdomains, as in '*.example.com'"},
    {A("allowed_outbound_hosts = [\"{http,https}://x\"]\n"),
     "spin.toml:9:27: `allowed_outbound_hosts` is malformed: '{http,https}://x': scheme lists are not "
     "supported; write one entry for each scheme"},
    {A("allowed_outbound_hosts = [\"insecure:allow-all\"]\n"),
     "spin.toml:9:27: `allowed_outbound_hosts` is malformed: 'insecure:allow-all': 'insecure:allow-all' is "
     "not allowed in allowed_outbound_hosts; write '*://*:*' instead"},
    {A("allowed_http_hosts = [\"example.com/path\", \"ok.example\", \"ftp://x\", \"http://\", \"a:b\"]\n"),
     "spin.toml:9:22: allowed_http_hosts: expected host names, with a port or 'http://' or 'https://' "
     "perhaps, got 'example.com/path', 'ftp://x', 'http://', 'a:b'\nhint: allowed_outbound_hosts takes every "
     "scheme"},
    /* routes, executors and static responses, 1.13 */
    {HEAD HTTP "executor = { type = \"http\", argv = \"x\" }\n" COMP,
     "spin.toml:7:29: argv: unknown key in 'executor'\nhint: expected one of 'type'"},
    {HEAD HTTP "executor = { type = \"wagi\", argv = 1 }\n" COMP,
     "spin.toml:7:36: argv: expected a string, got the integer 1\nhint: write argv = \"1\""},
    {HEAD HTTP "executor = { type = \"wagi\", entrypoint = \"main\" }\n" COMP,
     "spin.toml:7:42: cannot use deprecated 'entrypoint' field: expected \"_start\", got 'main'\nhint: leave "
     "it out"},
    {HEAD HTTP "executor = { type = \"wagi\", arg = \"x\" }\n" COMP,
     "spin.toml:7:29: arg: unknown key in 'executor'\nhint: did you mean 'argv'?"},
    {HEAD HTTP "static_response = {}\n" COMP,
     "spin.toml:6:1: Triggers must specify either component or static_response - a-http-trigger has "
     "both\nhint: write component = \"ID\" with the id of a [component.ID] table"},
    {HEAD ROUTE "static_response = 1\n",
     "spin.toml:6:19: static_response: expected a table, got the integer 1"},
    {HEAD ROUTE "static_response = { status_code = 99 }\n",
     "spin.toml:6:35: status_code: expected a status from 200 to 599, got the integer 99"},
    {HEAD ROUTE "static_response = { status_code = \"200\" }\n",
     "spin.toml:6:35: status_code: expected a status from 200 to 599, got the string '200'"},
    {HEAD ROUTE "static_response = { status_code = 600 }\n",
     "spin.toml:6:35: status_code: expected a status from 200 to 599, got the integer 600"},
    {HEAD ROUTE "static_response = { headers = [] }\n",
     "spin.toml:6:31: headers: expected a table, got an array\nhint: it is a table: headers = { content-type "
     "= \"text/plain\" }"},
    {HEAD ROUTE "static_response = { headers = { \"a b\" = \"x\" } }\n",
     "spin.toml:6:33: headers: 'a b': it is not the name of a header field"},
    {HEAD ROUTE "static_response = { headers = { a = 1 } }\n",
     "spin.toml:6:37: a: expected a string, got the integer 1\nhint: write a = \"1\""},
    {HEAD ROUTE "static_response = { headers = { a = \"x\\r\\nb: y\" } }\n",
     "spin.toml:6:33: headers: 'a': its value has control characters"},
    {HEAD ROUTE "static_response = { headers = { a = \" x\" } }\n",
     "spin.toml:6:33: headers: 'a': its value begins or ends with white space"},
    {HEAD ROUTE "static_response = { headers = { Content-Length = \"3\" } }\n",
     "spin.toml:6:33: headers: 'Content-Length': the host itself writes it"},
    {HEAD ROUTE "static_response = { body = 1 }\n",
     "spin.toml:6:28: body: expected a string, got the integer 1\nhint: write body = \"1\""},
    {HEAD ROUTE "static_response = { text = \"x\" }\n",
     "spin.toml:6:21: text: unknown key in 'static_response'\nhint: expected one of 'status_code', "
     "'headers', 'body'"},
    /* triggers, 1.6 and 3.1 */
    {HEAD ROUTE "component = { sourc = \"a.wasm\" }\n",
     "spin.toml:6:15: sourc: unknown key in the trigger's component\nhint: did you mean 'source'?"},
    {HEAD ROUTE "component = {}\n", "spin.toml:6:13: the trigger's component: the key 'source' is "
                                    "missing\nhint: it is the path of the component's .wasm"},
    {HEAD HTTP "components = [\"a\"]\n" COMP, "spin.toml:7:14: components: expected a table, got an "
                                              "array\nhint: it is a table: components = { name = \"ID\" }"},
    {HEAD HTTP "components = { x = \"b\" }\n" COMP, "spin.toml:7:20: component: expected the id of a "
                                                    "[component.ID] table, got 'b'\nhint: did you mean 'a'?"},
    {HEAD HTTP "components = { x = [\"a\", 1] }\n" COMP,
     "spin.toml:7:26: item: expected a string, got the integer 1\nhint: it is the id of a [component.ID] "
     "table"},
    {HEAD HTTP "dependencies = []\n" COMP, "spin.toml:7:16: dependencies: expected a table, got an "
                                           "array\nhint: it is a table: dependencies = { middleware = [] }"},
    {HEAD HTTP "dependencies = { filters = [] }\n" COMP,
     "spin.toml:7:18: filters: this trigger's dependencies have no such role\nhint: HTTP triggers have "
     "'middleware'"},
    {HEAD HTTP "dependencies = { middleware = {} }\n" COMP,
     "spin.toml:7:31: middleware: expected an array, got a table\nhint: it is a list, the outermost first"},
    {HEAD HTTP "dependencies = { middleware = [\"a\"] }\n" COMP,
     "spin.toml:7:32: item: expected a table with 'path', 'url' and 'digest', 'component', or 'version', got "
     "the string 'a'"},
    {HEAD HTTP "dependencies = { middleware = [{ component = \"b\" }] }\n" COMP,
     "spin.toml:7:46: component: expected the id of a [component.ID] table, got 'b'\nhint: did you mean "
     "'a'?"},
    {HEAD HTTP "dependencies = { middleware = [{ version = \"1\" }] }\n" COMP,
     "spin.toml:7:32: the dependency: the key 'package' is missing\nhint: it is the name of a package, as "
     "\"namespace:name\""},
    {HEAD HTTP "dependencies = { middleware = [{ path = \"m.wasm\", export = \"x\" }] }\n" COMP,
     "spin.toml:7:51: export: a trigger's dependency has no such key"},
    {HEAD HTTP "dependencies = { middleware = [{ component = \"a\" }] }\n" COMP,
     "spin.toml:7:18: middleware: this version of Swell does not support HTTP middleware yet\nhint: remove "
     "it to run the application without"},
    {HEAD "[[trigger.redis]]\ncomponent = \"a\"\n" COMP,
     "spin.toml:4:1: [[trigger.redis]]: the key 'channel' is missing\nhint: it is the channel that is "
     "listened to"},
    {HEAD "[[trigger.redis]]\nchannel = \"c\"\n" COMP,
     "spin.toml:4:1: [[trigger.redis]]: the key 'component' is missing\nhint: it is the id of a "
     "[component.ID] table"},
    {HEAD "[[trigger.redis]]\nchannel = \"c\"\ncomponent = \"b\"\n" COMP,
     "spin.toml:6:13: component: expected the id of a [component.ID] table, got 'b'\nhint: did you mean "
     "'a'?"},
    {HEAD "[[trigger.mqtt]]\ntopic = \"t\"\nqos = 1\ncomponent = \"a\"\n" COMP,
     "spin.toml:6:7: qos: expected a string, got the integer 1\nhint: write qos = \"1\""},
    {HEAD "[[trigger.sqs]]\nqueue_url = \"q\"\nmax_messages = \"1\"\ncomponent = \"a\"\n" COMP,
     "spin.toml:6:16: max_messages: expected an integer, got the string '1'"},
    {HEAD "[[trigger.sqs]]\nqueue_url = \"q\"\nmax_messages = 1\ncomponent = \"a\"\n" COMP,
     "spin.toml:4:11: sqs: this version of Swell does not support the trigger type 'sqs' yet\nhint: remove "
     "the trigger to run the application without"},
    {HEAD "[[trigger.command]]\ncomponent = { source = \"c.wasm\" }\n",
     "spin.toml:4:11: command: this version of Swell does not support the trigger type 'command' yet\nhint: "
     "remove the trigger to run the application without"},
    {HEAD "trigger = { redis = { adress = \"x\" } }\n",
     "spin.toml:4:23: adress: unknown key in [application.trigger.redis]\nhint: did you mean 'address'?"},
    {HEAD "trigger = { cron = { x = 1 } }\n", "spin.toml:4:22: x: unknown key in [application.trigger.cron]"},
    /* dependencies, 1.10 */
    {A("dependencies = []\n"),
     "spin.toml:9:16: dependencies: expected a table, got an array\nhint: write [component.ID.dependencies]"},
    {A("dependencies_inherit_configuration = 1\n"),
     "spin.toml:9:38: dependencies_inherit_configuration: expected true or false, got the integer 1"},
    {DEP("\"a_b\" = \"1\"\n"),
     "spin.toml:10:1: a_b: expected the name of a dependency\nhint: it is plain-name, or "
     "\"namespace:package/interface@1.2.3\" where the last two may be left out"},
    {DEP("\"a:\" = \"1\"\n"),
     "spin.toml:10:1: a:: expected the name of a dependency\nhint: it is plain-name, or "
     "\"namespace:package/interface@1.2.3\" where the last two may be left out"},
    {DEP("\"a:b@1.0\" = \"1\"\n"),
     "spin.toml:10:1: a:b@1.0: expected the name of a dependency\nhint: it is plain-name, or "
     "\"namespace:package/interface@1.2.3\" where the last two may be left out"},
    {DEP("\"a:b/c/d\" = \"1\"\n"),
     "spin.toml:10:1: a:b/c/d: expected the name of a dependency\nhint: it is plain-name, or "
     "\"namespace:package/interface@1.2.3\" where the last two may be left out"},
    {DEP("\"a:b\" = 1\n"), "spin.toml:10:9: a:b: expected a version, or a table with 'path', 'url' and "
                           "'digest', 'component', or 'version', got the integer 1"},
    {DEP("\"a:b\" = {}\n"), "spin.toml:10:9: a:b: expected a version, or a table with 'path', 'url' and "
                            "'digest', 'component', or 'version', got a table"},
    {DEP("\"a:b\" = \"one\"\n"),
     "spin.toml:10:9: a:b: expected versions such as \"1.2.3\" or \">=1.0, <2.0\", got the string 'one'"},
    {DEP("\"a:b\" = { version = \"\" }\n"),
     "spin.toml:10:21: version: expected versions such as \"1.2.3\" or \">=1.0, <2.0\", got the string ''"},
    {DEP("\"a:b\" = { path = \"\" }\n"),
     "spin.toml:10:18: path: expected the path of a .wasm, got the string ''"},
    {DEP("\"a:b\" = { path = \"x.wasm\", digest = \"x\" }\n"),
     "spin.toml:10:28: digest: unknown key in the dependency\nhint: expected one of 'path', 'export', "
     "'inherit_configuration'"},
    {DEP("\"a:b\" = { url = \"https://x/y\" }\n"),
     "spin.toml:10:9: the dependency: the key 'digest' is missing\nhint: it is the digest of the "
     "dependency's .wasm, as \"sha256:<hex>\""},
    {DEP("\"a:b\" = { url = \"https://x/y\", digest = \"x\" }\n"),
     "spin.toml:10:41: invalid `digest`; must start with 'sha256:', got 'x'\nhint: 'sha256sum FILE' prints "
     "the digits that go behind it"},
    {DEP("\"a:b\" = { component = 1 }\n"),
     "spin.toml:10:23: component: expected a string, got the integer 1\nhint: write component = \"1\""},
    {DEP("\"a:b\" = { component = \"bb\" }\n") LIB,
     "spin.toml:10:23: component: expected the id of a [component.ID] table, got 'bb'\nhint: did you mean "
     "'b'?"},
    {DEP("\"a:b/c\" = { path = \"x.wasm\", export = 1 }\n"),
     "spin.toml:10:39: export: expected a string, got the integer 1\nhint: write export = \"1\""},
    {DEP("\"a:b/c\" = { path = \"x.wasm\", inherit_configuration = 1 }\n"),
     "spin.toml:10:54: inherit_configuration: expected true, false or a list of what is inherited, got the "
     "integer 1\nhint: as in inherit_configuration = [\"allowed_outbound_hosts\"]"},
    {DEP("\"a:b/c\" = { path = \"x.wasm\", inherit_configuration = [1] }\n"),
     "spin.toml:10:55: inherit_configuration: expected a list of strings, got the integer 1 in it"},
    {DEP("plain = \"1\"\n"), "spin.toml:10:9: dependency \"plain\" must specify a package name\nhint: write "
                             "{ version = \"...\", package = \"namespace:name\" }"},
    {DEP("plain = { version = \"1\" }\n"),
     "spin.toml:10:9: dependency \"plain\" must specify a package name\nhint: write { version = \"...\", "
     "package = \"namespace:name\" }"},
    {DEP("\"a:b\" = { path = \"x.wasm\", export = \"e\" }\n"),
     "spin.toml:10:37: using an export to satisfy the package dependency \"a:b\" is not currently "
     "permitted\nhint: name one interface in the key, as \"namespace:package/interface\""},
    {DEP("\"a:b\" = { version = \"1\", export = \"e\" }\n"),
     "spin.toml:10:35: using an export to satisfy the package dependency \"a:b\" is not currently "
     "permitted\nhint: name one interface in the key, as \"namespace:package/interface\""},
    {DEP("\"a:b\" = { path = \"x.wasm\" }\n\"a:b/c\" = { path = \"x.wasm\" }\n"),
     "spin.toml:11:1: \"a:b\" dependency conflicts with \"a:b/c\"\nhint: name different interfaces, or "
     "versions that are not compatible"},
    {DEP("\"a:b@1.0.0\" = { path = \"x.wasm\" }\n\"a:b@1.2.0\" = { path = \"x.wasm\" }\n"),
     "spin.toml:11:1: \"a:b@1.0.0\" dependency conflicts with \"a:b@1.2.0\"\nhint: name different "
     "interfaces, or versions that are not compatible"},
    {DEP("\"a:b/c@0.2.0\" = { path = \"x.wasm\" }\n\"a:b/c@0.2.9\" = { path = \"x.wasm\" }\n"),
     "spin.toml:11:1: \"a:b/c@0.2.0\" dependency conflicts with \"a:b/c@0.2.9\"\nhint: name different "
     "interfaces, or versions that are not compatible"},
    {DEP("\"a:b/c\" = { path = \"x.wasm\" }\n\"a:b/c@0.2.9\" = { path = \"x.wasm\" }\n"),
     "spin.toml:11:1: \"a:b/c\" dependency conflicts with \"a:b/c@0.2.9\"\nhint: name different interfaces, "
     "or versions that are not compatible"},
    {A("dependencies_inherit_configuration = false\n") "[component.a.dependencies]\n\"a:b\" = { path = "
                                                       "\"x.wasm\", "
                                                       "inherit_configuration = true }\n",
     "spin.toml:9:1: Component `a` specifies both `dependencies_inherit_configuration` and per-dependency "
     "`inherit_configuration`\nhint: keep one of them"},
    {DEP("\"a:b\" = { component = \"b\" }\n") LIB
     "allowed_outbound_hosts = [\"https://x:1\"]\nenvironment = { A = \"b\" }\nfiles = []\n",
     "spin.toml:10:23: Dependencies may not have their own resources or permissions. Component b cannot be "
     "used as a dependency because it specifies: allowed_outbound_hosts, environment\nhint: grant them to "
     "the component that uses it, which can share them with inherit_configuration"},
    {DEP("\"a:b\" = { component = \"a\" }\n"),
     "spin.toml:10:23: Dependencies may not have their own resources or permissions. Component a cannot be "
     "used as a dependency because it specifies: dependencies\nhint: grant them to the component that uses "
     "it, which can share them with inherit_configuration"},
    /* profiles, 1.7 */
    {A("profile = 1\n"),
     "spin.toml:9:11: profile: expected a table, got the integer 1\nhint: write [component.ID.profile.NAME]"},
    {A("[component.a.profile]\nx = 1\n"), "spin.toml:10:5: x: expected a table, got the integer 1"},
    {A("[component.a.profile.x]\ndescription = \"1\"\n"),
     "spin.toml:10:1: description: unknown key in [component.*.profile.*]\nhint: expected one of 'source', "
     "'environment', 'build', 'dependencies'"},
    {A("[component.a.profile.x]\nsource = 1\n"),
     "spin.toml:10:10: source: expected a string, got the integer 1\nhint: write source = \"1\""},
    {A("[component.a.profile.x]\nbuild = { command = \"a\", workdir = \"b\" }\n"),
     "spin.toml:10:26: workdir: unknown key in a profile's 'build'\nhint: expected one of 'command'"},
    {A("[component.a.profile.x]\nenvironment = 1\n"),
     "spin.toml:10:15: environment: expected a table, got the integer 1\nhint: it is a table of strings: "
     "environment = { NAME = \"value\" }"},
    {A("[component.a.profile.x.dependencies]\nplain = \"1\"\n"),
     "spin.toml:10:9: dependency \"plain\" must specify a package name\nhint: write { version = \"...\", "
     "package = \"namespace:name\" }"},
    {A("[component.a.profile.x]\ndependencies = 1\n"),
     "spin.toml:10:16: dependencies: expected a table, got the integer 1\nhint: write "
     "[component.ID.profile.NAME.dependencies]"},
};

static void what_is_wrong_is_refused_with_place_and_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct app *app = NULL;
        struct app__places places;
        struct sw_err err = {0};
        int rc = parse(refused[i].text, &app, &places, &err);
        if (rc != -SW_EINPUT)
            print_error("row %zu: '%s'\n", i, refused[i].text);
        CHECK_INT(rc, -SW_EINPUT);
        CHECK_STR(sw_str_of(err.text), refused[i].message);
    }
}

/* ---- what is read ---- */

static void variables_and_templates_are_read(void **state)
{
    (void)state;
    struct app *app = parse_right(A("variables = { url = \"https://{{ host }}/{{token}}\", n = \"\" }\n"
                                    "[variables]\nhost = { default = \"h\", description = \"where\" }\ntoken "
                                    "= { required = true, secret = true }\n"),
                                  NULL);
    CHECK_INT(app->variable_count, 2);
    CHECK_STR(app->variables[0].name, "host");
    CHECK_STR(app->variables[0].default_value, "h");
    CHECK_STR(app->variables[0].description, "where");
    CHECK(app->variables[0].has_default && !app->variables[0].is_secret);
    CHECK(!app->variables[1].has_default && app->variables[1].is_secret && !app->variables[1].has_value);
    CHECK_INT(app->components[0].variable_count, 2);
    CHECK_STR(app->components[0].variables[0].name, "url");
    CHECK_STR(app->components[0].variables[0].text, "https://{{ host }}/{{token}}");
    app_free(app);
}

static void lists_are_read(void **state)
{
    (void)state;
    struct app *app = parse_right(
        A("allowed_outbound_hosts = [\"https://{{ host }}:1\", \"redis://b\", \"{{ none }}\", \"https://{{ "
          "none }}\", "
          "\"{{ token }}\"]\n"
          "targets = [\"spin-up\", \"spin-up:3.2\", { url = \"https://x\" }, { path = \"t.toml\" }]\n"
          "exclude_files = [\"*.map\"]\n"
          "files = [\"a/**/*\", { source = \"b\", destination = \"/c\" }, \"*\"]\n"
          "build = { command = [\"a\", \"b\"], workdir = \"w\", watch = [\"c\"] }\n" VARS),
        NULL);
    const struct app_component *a = &app->components[0];
    CHECK_INT(a->outbound_host_count, 5);
    CHECK_STR(a->outbound_hosts[0], "https://{{ host }}:1");
    CHECK_STR(a->outbound_hosts[1], "redis://b");
    CHECK_INT(a->exclude_file_count, 1);
    CHECK_STR(a->exclude_files[0], "*.map");
    CHECK_INT(a->build.command_count, 2);
    CHECK_STR(a->build.commands[1], "b");
    CHECK_STR(a->build.workdir, "w");
    CHECK_STR(a->build.watch[0], "c");
    CHECK_INT(a->file_count, 3);
    CHECK(a->files[0].is_pattern && !a->files[1].is_pattern);
    CHECK_STR(a->files[0].source, "a/**/*");
    CHECK_STR(a->files[1].source, "b");
    CHECK_STR(a->files[1].destination, "/c");
    CHECK_INT(a->files[1].place.line, 12);
    CHECK_INT(app->warning_count, 1);
    CHECK_STR(app->warnings[0],
              "spin.toml:12:58: files: '*' takes everything beside the manifest, this file included");
    app_free(app);
}

static void http_hosts_become_outbound_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *entries;
        const char *want; /* joined by ' ' */
    } rows[] = {
        {"\"example.com\"", "http://example.com https://example.com"},
        {"\"example.com:8080\"", "http://example.com:8080 https://example.com:8080"},
        {"\"https://example.com\"", "https://example.com"},
        {"\"http://example.com:81/\"", "http://example.com:81/"},
        {"\"self\"", "http://self"},
        {"\"insecure:allow-all\"", "http://*:* https://*:* http://self"},
        {"\"a\", \"self\"", "http://a https://a http://self"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        char got[256] = "";
        (void)snprintf(text, sizeof text, A("allowed_http_hosts = [%s]\n"), rows[i].entries);
        struct app *app = parse_right(text, NULL);
        const struct app_component *a = &app->components[0];
        for (uint32_t k = 0; k < a->outbound_host_count; k++)
            (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s" SW_FMT, k ? " " : "",
                           SW_ARG(a->outbound_hosts[k]));
        CHECK_STR(sw_str_of(got), rows[i].want);
        CHECK_INT(app->warning_count, rows[i].entries[0] ? 1 : 0);
        if (app->warning_count)
            CHECK_STR(app->warnings[0],
                      "spin.toml:9:1: allowed_http_hosts is deprecated; write allowed_outbound_hosts with "
                      "'https://' in front of each host");
        app_free(app);
    }
}

static void a_download_keeps_its_address_and_digest(void **state)
{
    (void)state;
    struct app *app = parse_right(
        HEAD HTTP "[component.a]\nsource = { url = \"https://x/a.wasm\", digest = \"" DIGEST "\" }\n", NULL);
    CHECK_INT(app->components[0].source.n, 0);
    CHECK_STR(app->components[0].source_url, "https://x/a.wasm");
    CHECK_STR(app->components[0].source_digest, DIGEST);
    app_free(app);
}

static void triggers_may_be_private_static_or_wagi(void **state)
{
    (void)state;
    struct app *app = parse_right(
        HEAD
        "[[trigger.http]]\nroute = { private = true }\ncomponent = \"a\"\n" ROUTE
        "static_response = {}\n" ROUTE
        "static_response = { status_code = 404, headers = { a = \"1\", b = \"\" }, body = \"no\" }\n" HTTP
        "executor = { type = \"wagi\", entrypoint = \"_start\" }\n" HTTP
        "executor = { type = \"wagi\", argv = \"x ${ARGS}\" }\n" COMP,
        NULL);
    CHECK_INT(app->http_count, 5);
    CHECK(app->http[0].is_private && !app->http[1].is_private);
    CHECK_STR(app->http[0].id, "a-http-trigger");
    CHECK_STR(app->http[1].id, "http-trigger1");
    CHECK_INT(app->http[1].static_response->status, 200);
    CHECK_STR(app->http[1].static_response->body, "");
    CHECK_INT(app->http[2].static_response->status, 404);
    CHECK_INT(app->http[2].static_response->header_count, 2);
    CHECK_STR(app->http[2].static_response->headers[0].value, "1");
    CHECK_STR(app->http[2].static_response->body, "no");
    CHECK_INT(app->http[3].executor, APP_EXECUTOR_WAGI);
    CHECK_STR(app->http[3].wagi_argv, "${SCRIPT_NAME} ${ARGS}");
    CHECK_STR(app->http[4].wagi_argv, "x ${ARGS}");
    CHECK(!app->http[0].static_response && app->http[0].executor == APP_EXECUTOR_HTTP);
    app_free(app);
}

static void components_inside_triggers_become_components(void **state)
{
    (void)state;
    struct app *app = parse_right(
        HEAD ROUTE
        "component = { source = \"x.wasm\", environment = { A = \"1\" } }\n" ROUTE
        "id = \"front\"\ncomponent = { source = \"y.wasm\" }\n" ROUTE
        "id = \"not kebab\"\ncomponent = { source = \"z.wasm\" }\n"
        "components = { more = [{ source = \"m.wasm\" }, \"a\"], one = { source = \"n.wasm\" } }\n" COMP
        "[component.inline-component1]\nsource = \"i.wasm\"\n",
        NULL);
    static const struct {
        const char *id, *source;
    } rows[] = {
        {"a", "/app/a.wasm"},
        {"inline-component1", "/app/i.wasm"},
        {"http-trigger1-component", "/app/x.wasm"},
        {"front-component", "/app/y.wasm"},
        {"inline-component2", "/app/z.wasm"},
        {"inline-component3", "/app/m.wasm"},
        {"inline-component4", "/app/n.wasm"},
    };
    CHECK_INT(app->component_count, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_STR(app->components[i].id, rows[i].id);
        CHECK_STR(app->components[i].source, rows[i].source);
        CHECK(!app->components[i].is_library);
    }
    CHECK_STR(app->components[2].env[0].name, "A");
    CHECK_INT(app->http[0].component, 2);
    CHECK_INT(app->http[1].component, 3);
    CHECK_INT(app->http[2].component, 4);
    app_free(app);
}

static void dependencies_name_or_bring_components(void **state)
{
    (void)state;
    struct app *app = parse_right(
        DEP("\"x:y/z@1.0.0\" = { path = \"z.wasm\", export = \"q\" }\n"
            "\"x:y/w@1.0.0\" = { path = \"/abs/w.wasm\", inherit_configuration = true }\n"
            "\"x:y/z@2.0.0\" = { url = \"https://x/z.wasm\", digest = \"" DIGEST
            "\", inherit_configuration = [\"files\", \"what\", \"variables\"] }\n"
            "plain = { component = \"b\", inherit_configuration = false }\n") LIB "environment = {}\n",
        NULL);
    const struct app_dependency *d = app->components[0].dependencies;
    static const struct {
        const char *name, *export, *id, *source;
        uint32_t inherit;
    } rows[] = {
        {"x:y/z@1.0.0", "q", "a-x-y-z", "/app/z.wasm", 0},
        {"x:y/w@1.0.0", "", "a-x-y-w", "/abs/w.wasm", APP_INHERIT_ALL},
        {"x:y/z@2.0.0", "", "a-x-y-z-n2", "", APP_INHERIT_FILES | APP_INHERIT_VARIABLES},
        {"plain", "", "b", "/app/b.wasm", 0},
    };
    CHECK_INT(app->components[0].dependency_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct app_component *library = &app->components[d[i].component];
        CHECK_STR(d[i].name, rows[i].name);
        CHECK_STR(d[i].export, rows[i].export);
        CHECK_INT(d[i].inherit, rows[i].inherit);
        CHECK_STR(library->id, rows[i].id);
        CHECK_STR(library->source, rows[i].source);
        CHECK(library->is_library);
    }
    CHECK_STR(app->components[d[2].component].source_digest, DIGEST);
    CHECK(!app->components[0].is_library);
    CHECK_INT(app->warning_count, 1);
    CHECK_HAS(app->warnings[0].p, "inherit_configuration: 'what' is nothing that can be inherited");
    app_free(app);
}

static void dependencies_may_inherit_everything_at_once(void **state)
{
    (void)state;
    struct app *app =
        parse_right(A("dependencies_inherit_configuration = true\n"
                      "dependencies = { one = { path = \"1.wasm\" }, two = { component = \"b\" } }\n") LIB
                    "[[trigger.http]]\nroute = \"/b\"\ncomponent = \"b\"\n",
                    NULL);
    CHECK_INT(app->components[0].dependencies[0].inherit, APP_INHERIT_ALL);
    CHECK_INT(app->components[0].dependencies[1].inherit, APP_INHERIT_ALL);
    CHECK(!app->components[1].is_library); /* a trigger starts it, too */
    CHECK(app->components[2].is_library);
    app_free(app);
}

static void keys_of_one_package_may_differ_in_interface_or_version(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "\"x:y/a\" = { path = \"1\" }\n\"x:y/b\" = { path = \"1\" }\n",
        "\"x:y@1.0.0\" = { path = \"1\" }\n\"x:y@2.0.0\" = { path = \"1\" }\n",
        "\"x:y/a@0.1.0\" = { path = \"1\" }\n\"x:y/a@0.2.0\" = { path = \"1\" }\n",
        "\"x:y/a@0.0.1\" = { path = \"1\" }\n\"x:y/a@0.0.2\" = { path = \"1\" }\n",
        "\"x:y@1.0.0-a\" = { path = \"1\" }\n\"x:y@1.0.0-b\" = { path = \"1\" }\n",
        "\"x:y\" = { path = \"1\" }\n\"x:z\" = { path = \"1\" }\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, DEP("%s"), rows[i]);
        app_free(parse_right(text, NULL));
    }
}

#define PROFILES                                                                                             \
    A("environment = { A = \"1\", B = \"2\" }\nbuild = { command = \"make\", workdir = \"w\" }\n"            \
      "dependencies = { one = { path = \"1.wasm\" }, two = { path = \"2.wasm\" } }\n"                        \
      "[component.a.profile.debug]\nsource = \"d.wasm\"\nenvironment = { B = \"3\", C = \"4\" }\n"           \
      "build = { command = [\"make debug\"] }\ndependencies = { two = { path = \"3.wasm\" } }\n"             \
      "[component.a.profile.later]\nsource = { package = \"x:y\", version = \"1.0.0\" }\n"                   \
      "dependencies = { three = { version = \"1\", package = \"x:y\" } }\n")                                 \
    LIB

static void a_profile_replaces_and_adds(void **state)
{
    (void)state;
    struct app *base = parse_right(PROFILES, NULL);
    CHECK_STR(base->components[0].source, "/app/a.wasm");
    CHECK_INT(base->components[0].env_count, 2);
    CHECK_STR(base->profile, "");
    app_free(base);
    struct app *app = parse_right(PROFILES, "debug");
    const struct app_component *a = &app->components[0];
    CHECK_STR(app->profile, "debug");
    CHECK_STR(a->source, "/app/d.wasm");
    CHECK_INT(a->env_count, 3);
    CHECK_STR(a->env[1].value, "3");
    CHECK_STR(a->env[2].value, "4");
    CHECK_STR(a->build_command, "make debug");
    CHECK_STR(a->build.workdir, "w");
    CHECK_INT(a->dependency_count, 2);
    CHECK_STR(app->components[a->dependencies[1].component].source, "/app/3.wasm");
    CHECK_STR(app->components[1].source, "/app/b.wasm"); /* it says nothing about that profile */
    app_free(app);
    struct app *none = NULL;
    struct app__places places;
    struct sw_err err = {0};
    CHECK_INT(parse_profile(PROFILES, "debgu", &none, &places, &err), -SW_EINPUT);
    CHECK_STR(sw_str_of(err.text), "spin.toml: Profile debgu is not defined in this application\n"
                                   "hint: did you mean 'debug'?");
    CHECK_INT(parse_profile(HEAD HTTP COMP, "release", &none, &places, &err), -SW_EINPUT);
    CHECK_STR(sw_str_of(err.text), "spin.toml: Profile release is not defined in this application\n"
                                   "hint: profiles are tables [component.ID.profile.NAME]");
    struct app *named = parse_right(PROFILES, "later");
    CHECK_STR(named->components[0].source, ""); /* the profile's instead of the path */
    CHECK_STR(named->components[0].source_package, "x:y");
    app_free(named);
}

static void a_package_keeps_its_name_versions_and_registry(void **state)
{
    static const struct {
        const char *value, *package, *version, *registry;
    } rows[] = {
        {"\">=1.0\"", "a:b", ">=1.0", ""},
        {"{ version = \"^1\", registry = \"r.example\" }", "a:b", "^1", "r.example"},
        {"{ version = \"*\", package = \"x:y\" }", "x:y", "*", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       HEAD HTTP
                       "[component.a]\nsource = { package = \"m:n\", version = \"1.0.0\", registry = "
                       "\"q.example\" }\n[component.a.dependencies]\n\"a:b\" = %s\n",
                       rows[i].value);
        struct app *app = parse_right(text, NULL);
        CHECK_INT(app->component_count, 2);
        CHECK_STR(app->components[0].source_package, "m:n");
        CHECK_STR(app->components[0].source_version, "=1.0.0");
        CHECK_STR(app->components[0].source_registry, "q.example");
        const struct app_component *library = &app->components[app->components[0].dependencies[0].component];
        CHECK(library->is_library);
        CHECK_STR(library->source_package, rows[i].package);
        CHECK_STR(library->source_version, rows[i].version);
        CHECK_STR(library->source_registry, rows[i].registry);
        app_free(app);
    }
}

static void requirements_and_versions_have_their_grammar(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool version, requirement;
    } rows[] = {
        {"1.2.3", true, true},
        {"0.0.0", true, true},
        {"1.2.3-rc.1+b.01", true, true},
        {"1.2", false, true},
        {"1", false, true},
        {"*", false, true},
        {"1.*", false, true},
        {">= 1.0, <2", false, true},
        {"^1.2.3", false, true},
        {"~1", false, true},
        {"=1.2.3-a", false, true},
        {"01.2.3", false, false},
        {"1.2.3-", false, false},
        {"1.2.3-01", false, false},
        {"1.2.3.4", false, false},
        {"1.2-a", false, false},
        {"", false, false},
        {"1,", false, false},
        {">", false, false},
        {"1.*.2", false, false},
        {"v1", false, false},
        {"99999999999999999999.0.0", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (app__is_version(sw_str_of(rows[i].text)) != rows[i].version ||
            app__is_requirement(sw_str_of(rows[i].text)) != rows[i].requirement)
            print_error("row %zu\n", i);
        CHECK_INT(app__is_version(sw_str_of(rows[i].text)), rows[i].version);
        CHECK_INT(app__is_requirement(sw_str_of(rows[i].text)), rows[i].requirement);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 1000; n++) {
        struct app *app = NULL;
        struct app__places places;
        struct sw_err err = {0};
        sw_mem_fail_after(n);
        int rc = parse_profile(PROFILES "allowed_http_hosts = [\"a\"]\n" VARS ROUTE
                                        "component = { source = \"x\" }\n" ROUTE
                                        "static_response = { headers = { a = \"b\" } }\n",
                               "debug", &app, &places, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            app_free(app);
            CHECK(n > 3);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_refused_with_place_and_words),
        cmocka_unit_test(variables_and_templates_are_read),
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(http_hosts_become_outbound_hosts),
        cmocka_unit_test(a_download_keeps_its_address_and_digest),
        cmocka_unit_test(a_package_keeps_its_name_versions_and_registry),
        cmocka_unit_test(triggers_may_be_private_static_or_wagi),
        cmocka_unit_test(components_inside_triggers_become_components),
        cmocka_unit_test(dependencies_name_or_bring_components),
        cmocka_unit_test(dependencies_may_inherit_everything_at_once),
        cmocka_unit_test(keys_of_one_package_may_differ_in_interface_or_version),
        cmocka_unit_test(a_profile_replaces_and_adds),
        cmocka_unit_test(requirements_and_versions_have_their_grammar),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
