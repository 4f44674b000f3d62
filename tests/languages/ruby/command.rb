# command.rb - the command of tests/languages in Ruby.
puts "content-type: text/plain", "x-language: Ruby", ""
puts "arguments: #{ARGV.join(' ')}"
puts "environment: #{ENV['GREETING']}"
puts "line: #{$stdin.gets&.chomp}"
puts "file: #{File.foreach('/data/note.txt').first.chomp}"
