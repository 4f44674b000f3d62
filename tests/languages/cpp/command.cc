// command.cc - the command of tests/languages in C++: standard streams, strings and containers.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

static std::string first_line(std::istream &from)
{
    std::string line;
    std::getline(from, line);
    return line;
}

int main(int argc, char **argv)
{
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const char *greeting = std::getenv("GREETING");
    std::ifstream note("/data/note.txt");
    std::cout << "content-type: text/plain\nx-language: C++\n\narguments:";
    for (const auto &argument : arguments)
        std::cout << ' ' << argument;
    std::cout << "\nenvironment: " << (greeting ? greeting : "") << '\n';
    std::cout << "line: " << first_line(std::cin) << '\n';
    std::cout << "file: " << first_line(note) << '\n';
}
