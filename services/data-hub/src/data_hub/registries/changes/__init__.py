"""变更订阅: who follows a registry, and the numbered sequence of its changes that each follower reads at her own pace.

A change says whose record changed and in which fields, never a value: who may know the value reads the record. Changes
get their numbers after they are committed, so a number once passed never hides a change that came later.
"""
