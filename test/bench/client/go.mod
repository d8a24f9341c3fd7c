module mini/test/bench/client

go 1.24
