module dtuf.example/agent

go 1.21
