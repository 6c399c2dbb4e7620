from understudy.rpcapi import threads

threads.use_threads()
