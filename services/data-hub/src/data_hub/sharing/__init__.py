"""共享交换 Sharing and exchange (《政务数据共享条例》, State Council order 809; 大数据中心“共享交换体系”).

A department applies for a resource, its source department decides within the legal time limit, and what it grants is
itself the policy that every delivery asks at every call. Each call, refusals included, leaves a signed record in a
chain per grant; the chains are sealed each minute and stamped by a time-stamp authority, which no call waits for.
"""
