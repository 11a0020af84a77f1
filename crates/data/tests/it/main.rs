//! Datasets over a real PostgreSQL, started privately, and over files.

#![cfg(test)]

mod database;
mod extract;
mod world;
