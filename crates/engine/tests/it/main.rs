//! The engine from outside: real state directories, real stores, a target that
//! does as it is told, and a clock that stands until it is moved.

#![cfg(test)]

mod forge;
mod switch;
mod target;
mod world;

mod conflict;
mod door;
mod lost;
mod order;
mod refused;
mod repeat;
mod runs;
mod secrets;
mod served;
mod simulation;
mod start;
mod stop;
mod tamper;
mod time;
mod verify;
