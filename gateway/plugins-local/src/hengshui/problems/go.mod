module hengshui/problems

go 1.22
